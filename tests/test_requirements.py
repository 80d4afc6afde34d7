"""The lock that travels: every dependency pinned with hashes, and no registry named."""

import re
import tomllib
from itertools import chain

from tests.conftest import REPOSITORY

LOCK = (REPOSITORY / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


def names(requirements: list[str]) -> set[str]:
    found = {
        re.split(r"[\[<>=!;~ ]", each, maxsplit=1)[0].lower().replace("_", "-")
        for each in requirements
    }
    return found - {"replay-workbench"}


def test_every_dependency_of_every_extra_and_group_is_locked() -> None:
    project = PROJECT["project"]
    lists = [
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    ]
    locked = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", LOCK, re.MULTILINE))

    assert names(list(chain.from_iterable(lists))) <= locked


def test_every_locked_package_has_a_hash() -> None:
    entries = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]

    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_names_no_registry() -> None:
    assert not re.search(r"https?://|--index|--find-links|file:", LOCK)


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (REPOSITORY / "pyproject.toml").read_text("utf-8").splitlines()
    unexplained = [
        line
        for line in lines
        if re.match(r'  "[a-z][\w.-]*(\[\w+\])?[<>=]', line) and "#" not in line
    ]

    assert unexplained == []
