"""One local AWS for all tests of a run: starting it takes longer than most of them."""

import importlib.util
from collections.abc import Iterator

import pytest

from workbench.local_aws import LocalAws
from workbench.local_aws import local_aws as running


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """A running local AWS; tests keep apart by the names of what they make."""
    if importlib.util.find_spec("ministack") is None:
        pytest.skip("the extra `local` is not installed")
    with running() as aws:
        yield aws
