"""Fixtures that every room of the tests may ask for."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.local_aws_fixtures import local_aws  # noqa: F401 - a fixture, found by name

REPOSITORY = Path(__file__).parent.parent

# A slow machine breaks no law. In CI the same examples each time: what fails there fails for whoever looks.
settings.register_profile("any_machine", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("any_machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long a campaign of faults lasts."""
    parser.addoption(
        "--trials",
        type=int,
        help="kills, flipped bits … of a campaign; its own default where not given",
    )


@pytest.fixture
def trials(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """The number of trials asked for, or the campaign's own."""
    asked: int | None = request.config.getoption("--trials")
    return lambda default: default if asked is None else asked


def missing(what: str) -> None:
    """Skip with a reason on a person's machine; fail where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; wanted in CI")
    pytest.skip(what)


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys that are made on first use are not made in the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("configuration")))
        yield


@pytest.fixture(scope="session")
def shared_events() -> Path:
    """The folder of sample events beside the repository."""
    folder = REPOSITORY.parent / "shared" / "events"
    if not folder.is_dir():
        missing(f"no sample events at {folder.name}/ beside the repository")
    return folder


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `workbench demo` leaves: trace, labels, handlers, report, and its document in `demo.json`."""
    folder = tmp_path_factory.mktemp("demonstration") / "demo"
    ran = subprocess.run(
        [sys.executable, "-m", "workbench", "demo", str(folder), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    (folder / "demo.json").write_text(ran.stdout, "utf-8")
    return folder
