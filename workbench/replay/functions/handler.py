"""A handler as the user names it: a function of a file or a module, or a program that speaks the Runtime API."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import HandlerError
from workbench.replay.functions.interpreter import (
    Interpreter,
    node,
    program,
    python_at,
    this_python,
)

_SCRIPTS = (".mjs", ".js", ".cjs")


@dataclass(frozen=True, slots=True)
class HandlerSpec:
    """Where a handler is, and what runs it."""

    text: str
    """As it was named."""
    folder: Path
    """What of the machine's files it may read, besides what runs it; its working directory."""
    module: str
    function: str
    file: Path | None = None
    """None: a module, found from `folder` or among the installed packages; or a program of its own."""
    interpreter: Interpreter = field(default_factory=this_python)
    shown: tuple[Path, ...] = ()
    """More that it may read."""

    @property
    def name(self) -> str:
        """`_HANDLER`: `module.function`; of a program whatever the user said."""
        return f"{self.module}.{self.function}" if self.function else self.module

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words that start it."""
        if not self.function:
            return self.interpreter.command
        if self.file is not None and self.file.suffix in _SCRIPTS:
            return (*self.interpreter.command, str(self.file), self.function)
        return (*self.interpreter.command, self.name)

    @property
    def readable(self) -> tuple[Path, ...]:
        """Everything beside its own folder that must be readable inside."""
        return (*self.interpreter.shown, *self.shown)

    @classmethod
    def of_function(cls, function: Callable[..., object]) -> "HandlerSpec":
        """A Python callable of this process; named as where it was written names it."""
        name = getattr(function, "__name__", type(function).__name__)
        module = getattr(function, "__module__", "__main__")
        file = inspect.getsourcefile(function) if inspect.isroutine(function) else None
        place = Path(file) if file and Path(file).is_file() else None
        return cls(f"{module}:{name}", Path.cwd(), name, "", place)

    @classmethod
    def recorded(cls) -> "HandlerSpec":
        """No handler: what production's log tells."""
        return cls("(recorded)", Path.cwd(), "recorded", "")

    @classmethod
    def parse(
        cls, text: str, folder: Path, *, runtime: str | None = None, python: str | None = None
    ) -> "HandlerSpec":
        """The handler that `text` names.

        Args:
            text: `handlers.py:handle`, `handlers/orders.py:handle`, `shop.orders:handle`, `index.mjs:handler`; with a
                `runtime` whatever that is to find in `_HANDLER`, or nothing.
            folder: what a relative path or a module is found from.
            runtime: command line of a program that speaks the Runtime API: `./bootstrap`, `node index.mjs`.
            python: of another Python, executable or environment; None: the one that runs this.

        Raises:
            HandlerError: not of that form, or there is no such file.

        Example:
            >>> HandlerSpec.parse("shop.orders:handle", Path("/srv")).module
            'shop.orders'
        """
        if runtime is not None:
            if python is not None:
                raise HandlerError("wanted a runtime or a Python, found both; name one")
            interpreter = program(runtime, folder)
            name = text or Path(interpreter.command[0]).name
            return cls(text or runtime, folder.resolve(), name, "", None, interpreter)
        place, colon, function = text.rpartition(":")
        if not colon or not place or not function.isidentifier():
            raise HandlerError(
                "wanted a handler as file.py:function, module:function or index.mjs:function, "
                f"found {text!r}"
            )
        if place.endswith(_SCRIPTS):
            file = _file(text, place, folder)
            return cls(text, file.parent, file.stem, function, file, node())
        interpreter = python_at(python) if python is not None else this_python()
        if not place.endswith(".py"):
            return cls(text, folder.resolve(), place, function, None, interpreter)
        file = _file(text, place, folder)
        if file.stem in sys.stdlib_module_names:
            raise HandlerError(
                f"wanted the handler {text}, found a file named like Python's own module {file.stem}; rename it"
            )
        return cls(text, file.parent, file.stem, function, file, interpreter)


def _file(text: str, place: str, folder: Path) -> Path:
    file = (folder / place).resolve()
    if not file.is_file():
        raise HandlerError(
            f"wanted the handler {text}, found no file {file}; name one that is there"
        )
    return file
