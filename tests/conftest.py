"""Fixtures that every room of the tests may ask for."""

import os
from pathlib import Path

import pytest

from tests.local_aws_fixtures import local_aws  # noqa: F401 - a fixture, found by name

REPOSITORY = Path(__file__).parent.parent


def missing(what: str) -> None:
    """Skip with a reason on a person's machine; fail where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; wanted in CI")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_events() -> Path:
    """The folder of sample events beside the repository."""
    folder = REPOSITORY.parent / "shared" / "events"
    if not folder.is_dir():
        missing(f"no sample events at {folder.name}/ beside the repository")
    return folder
