"""The order of the rooms: imports point one way, every third-party package has its home, every module its test."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

BELOW: dict[str, tuple[str, ...]] = {
    "connectors": (),
    "workbench.errors": (),
    "workbench.lazy": (),
    "workbench.shipped": ("workbench.errors",),
    "workbench.local_aws": ("connectors", "workbench.errors"),
    "workbench.local_aws_keeper": (),
    "workbench.patterns": ("workbench.errors",),
    "workbench.trace.instants": ("workbench.errors",),
    "workbench.markup": ("workbench.trace.instants",),
    "workbench.summary": ("workbench.markup",),
    "workbench.trace": (
        "connectors",
        "workbench.patterns",
        "workbench.lazy",
        "workbench.summary",
    ),
    "workbench.mapping": ("connectors", "workbench.patterns", "workbench.summary"),
    "workbench.questions": ("workbench.trace",),
    "workbench.measures": ("workbench.questions", "workbench.mapping"),
    "workbench.findings": ("workbench.measures",),
    "workbench.explain": ("workbench.findings",),
    "workbench.replay": ("workbench.trace", "workbench.mapping"),
    "workbench.tune": ("workbench.trace", "workbench.mapping"),
    "workbench.permissions": ("workbench.trace",),
    "workbench.redrive": ("workbench.findings", "workbench.replay"),
    "workbench.magics": ("workbench.trace",),
    "workbench.jobs": ("workbench.summary",),
    "workbench.tail": ("workbench.trace",),
    "workbench.crossfilter": ("workbench.trace",),
    "workbench.views": (
        "workbench.crossfilter",
        "workbench.explain",
        "workbench.findings",
        "workbench.replay",
        "workbench.tune",
    ),
    "workbench.charts": ("workbench.views",),
    "workbench.widgets": ("workbench.charts", "workbench.jobs"),
    "workbench.report": ("workbench.charts",),
    "workbench.demo": (
        "workbench.report",
        "workbench.local_aws",
        "workbench.shipped",
    ),
    "workbench.lab": ("workbench.shipped",),
    "workbench": (
        "workbench.explain",
        "workbench.magics",
        "workbench.permissions",
        "workbench.widgets",
        "workbench.report",
        "workbench.redrive",
        "workbench.shipped",
    ),
    "workbench.cli": ("workbench.demo", "workbench.lab", "workbench.tail", "workbench"),
    "workbench.__main__": ("workbench.cli",),
    "datasets": ("workbench.trace",),
}
"""Each room and the rooms right below it; it may import those and whatever is below them, nothing else."""

HOMES: dict[str, tuple[str, ...]] = {
    "boto3": ("connectors",),
    "botocore": ("connectors", "workbench.replay"),
    "duckdb": ("workbench.trace",),
    "altair": ("workbench.charts",),
    "vl_convert": ("workbench.charts",),
    "anywidget": ("workbench.widgets",),
    "ipywidgets": ("workbench.widgets",),
    "IPython": ("workbench.magics",),
    "typer": ("workbench.cli",),
    "rich": ("workbench.cli",),
    "scipy": ("workbench.explain", "workbench.tune"),
    "xxhash": ("workbench.trace",),
    "yaml": ("workbench.replay",),
}
"""Where a third-party package may be imported; those that are not here may be imported anywhere above connectors."""

CONNECTORS_MAY_USE = {"boto3", "botocore", "orjson"}
ALWAYS_FREE = {"connectors.record", "connectors.errors"}
"""The words: standard library only, so that anyone may speak them at no cost."""


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the packages by its dotted name; the demo's handlers are programs, not modules."""
    for package in ("connectors", "workbench", "datasets"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            if "handlers" not in path.parts:
                name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
                yield name.removesuffix(".__init__"), path


MODULES = dict(modules())


def imported(name: str) -> set[str]:
    """Everything the module imports, at its top, in functions, or for the type checker alone."""
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports from {'.' * node.level}; write the name out"
            assert node.module is not None
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {each if each in MODULES else node.module for each in inner}
    return found


def room(module: str) -> str:
    """The room that a module of ours is in: the longest entry of the table that it begins with."""
    within = [each for each in BELOW if f"{module}.".startswith(f"{each}.")]
    return max(within, key=len)


def reachable(name: str) -> set[str]:
    """The rooms that a room may import, itself included."""
    found, waiting = {name}, [*BELOW[name]]
    while waiting:
        lower = waiting.pop()
        if lower not in found:
            found.add(lower)
            waiting += BELOW[lower]
    return found


def ours(names: set[str]) -> set[str]:
    return {each for each in names if each.split(".")[0] in ("connectors", "workbench", "datasets")}


def test_every_room_is_in_the_table_and_the_table_has_no_other() -> None:
    assert set(BELOW) == {room(module) for module in MODULES}
    top = {
        module for module in MODULES if module.count(".") <= 1 and module.startswith("workbench")
    }
    assert top <= set(BELOW)


def test_nothing_stands_below_itself() -> None:
    for name in BELOW:
        assert all(name not in reachable(lower) for lower in BELOW[name]), name


def test_findings_replay_and_tune_never_import_each_other() -> None:
    apart = {"workbench.findings", "workbench.replay", "workbench.tune"}

    for name in apart:
        assert reachable(name) & apart == {name}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down_only(module: str) -> None:
    allowed = reachable(room(module))
    found = ours(imported(module)) - ALWAYS_FREE

    assert {each for each in found if room(each) not in allowed} == set()


@pytest.mark.parametrize("module", MODULES)
def test_third_party_packages_stay_at_home(module: str) -> None:
    tops = {each.split(".")[0] for each in imported(module)}

    strays = {top for top in tops if top in HOMES and room(module) not in HOMES[top]}

    assert strays == set()


def test_every_home_is_lived_in() -> None:
    for package, rooms in HOMES.items():
        for name in rooms:
            inside = [module for module in MODULES if room(module) == name]
            used = any(
                package in {each.split(".")[0] for each in imported(module)} for module in inside
            )
            assert used or package == "ipywidgets", f"{name} does not import {package} any more"


def test_connectors_need_little() -> None:
    standard = set(sys.stdlib_module_names) | {"connectors"}
    needed = {
        each.split(".")[0]
        for module in MODULES
        if room(module) == "connectors"
        for each in imported(module)
    }

    assert needed - standard == CONNECTORS_MAY_USE


@pytest.mark.parametrize("module", sorted(ALWAYS_FREE))
def test_the_words_need_the_standard_library_alone(module: str) -> None:
    assert {each.split(".")[0] for each in imported(module)} <= set(sys.stdlib_module_names)
