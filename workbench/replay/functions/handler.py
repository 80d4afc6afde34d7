"""A handler as the user names it: `file.py:function`, or `module:function`."""

import sys
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import HandlerError


@dataclass(frozen=True, slots=True)
class HandlerSpec:
    """Where a handler is."""

    text: str
    """As it was named."""
    folder: Path
    """What of the machine's files it may read, besides Python."""
    module: str
    function: str
    file: Path | None = None
    """None: a module, found from `folder` or among the installed packages."""

    @classmethod
    def parse(cls, text: str, folder: Path) -> "HandlerSpec":
        """The handler that `text` names.

        Args:
            text: `handlers.py:handle`, `handlers/orders.py:handle`, `shop.orders:handle`.
            folder: what a relative path or a module is found from.

        Raises:
            HandlerError: not of that form, or there is no such file.

        Example:
            >>> HandlerSpec.parse("shop.orders:handle", Path("/srv")).module
            'shop.orders'
        """
        place, colon, function = text.rpartition(":")
        if not colon or not place or not function.isidentifier():
            raise HandlerError(
                f"wanted a handler as file.py:function or module:function, found {text!r}"
            )
        if not place.endswith(".py"):
            return cls(text, folder.resolve(), place, function)
        file = (folder / place).resolve()
        if not file.is_file():
            raise HandlerError(
                f"wanted the handler {text}, found no file {file}; name one that is there"
            )
        if file.stem in sys.stdlib_module_names:
            raise HandlerError(
                f"wanted the handler {text}, found a file named like Python's own module {file.stem}; rename it"
            )
        return cls(text, file.parent, file.stem, function, file)
