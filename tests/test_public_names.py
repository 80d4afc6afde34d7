"""The public names: sorted, found where they are said to be, documented, and cheap until they are used."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import workbench
from tests.conftest import REPOSITORY

LAZY = [
    ".".join(path.parent.relative_to(REPOSITORY).parts)
    for path in sorted((REPOSITORY / "workbench").rglob("__init__.py"))
    if "lazy_names(" in path.read_text("utf-8")
]
HEAVY = ("duckdb", "polars", "pyarrow", "altair", "anywidget", "ipywidgets", "boto3", "botocore")
"""Packages that cost more than everything else together."""


def tree(package: str) -> ast.Module:
    return ast.parse(Path(str(importlib.import_module(package).__file__)).read_text("utf-8"))


def declared_homes(package: str) -> dict[str, str]:
    """Public name to `module:name`, as the type checker sees it."""
    homes = {}
    for block in tree(package).body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for each in block.body:
                assert isinstance(each, ast.ImportFrom)
                for alias in each.names:
                    homes[alias.asname or alias.name] = f"{each.module}:{alias.name}"
    return homes


def lazy_homes(package: str) -> dict[str, str]:
    """Public name to `module:name`, as it is at run time."""
    for call in ast.walk(tree(package)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "lazy_names":
            homes: dict[str, str] = ast.literal_eval(call.args[1])
            return {name: written_out(name, home) for name, home in homes.items()}
    raise AssertionError(f"{package} has no lazy names")


def written_out(name: str, home: str) -> str:
    """The home as `module:name`; a module that is itself the public name is `package:module`."""
    if home.endswith(":"):
        return ":".join(home[:-1].rsplit(".", 1))
    return home if ":" in home else f"{home}:{name}"


@pytest.mark.parametrize("package", LAZY)
def test_the_public_names_are_sorted_and_all_of_them_have_homes(package: str) -> None:
    names = importlib.import_module(package).__all__

    assert names == sorted(names)
    assert set(names) == set(lazy_homes(package))


@pytest.mark.parametrize("package", LAZY)
def test_the_type_checker_sees_what_python_finds(package: str) -> None:
    assert declared_homes(package) == lazy_homes(package)


@pytest.mark.parametrize("package", LAZY)
def test_every_public_name_is_there_and_says_what_it_is(package: str) -> None:
    room = importlib.import_module(package)

    for name in room.__all__:
        assert (getattr(room, name).__doc__ or "").strip(), f"{package}.{name} says nothing"


def test_a_public_function_stays_one_when_a_module_of_its_name_is_imported() -> None:
    code = """
import importlib, importlib.util, workbench
for name in workbench.__all__:
    if importlib.util.find_spec(f"workbench.{name}"):
        importlib.import_module(f"workbench.{name}")
        assert callable(getattr(workbench, name)) or name == "tune", name
"""

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.stderr == ""


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'workbench' has no attribute 'opne'"):
        _ = workbench.opne


@pytest.mark.parametrize("package", ["workbench", "workbench.__main__", "connectors"])
def test_importing_loads_nothing_heavy(package: str) -> None:
    code = f"import sys, {package}; print(*sorted(set(sys.modules) & {set(HEAVY)!r}))"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert loaded == []
