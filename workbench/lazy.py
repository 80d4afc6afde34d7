"""Public names that cost nothing until they are used: importing a package stays fast, using a name loads its room."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's `__getattr__` that takes each name from its home when it is first asked for.

    Args:
        package: the module that offers the names, for the error message.
        homes: name to the module that defines it; `module:name` where it is called otherwise there, `module:` for the
            module itself.

    Example:
        >>> __getattr__ = lazy_names("json", {"dumps": "json"})
        >>> __getattr__("dumps")([1])
        '[1]'
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home, colon, there = homes[name].partition(":")
        module = import_module(home)
        return module if colon and not there else getattr(module, there or name)

    return find


def keep_functions(package: str, *names: str) -> None:
    """Let public functions stay what they are in a package that has modules of the same names.

    Python puts a module into its package when it is imported, over whatever is there.
    """

    class Room(ModuleType):
        def __setattr__(self, name: str, value: Any) -> None:
            if not (isinstance(value, ModuleType) and name in names):
                super().__setattr__(name, value)

    sys.modules[package].__class__ = Room
