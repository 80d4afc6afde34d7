"""What is shipped is found, and stays as it was shipped."""

from pathlib import Path

import pytest

from workbench.errors import UsageError
from workbench.shipped import dataset, shipped
from workbench.trace import open_trace


def test_notebooks_and_datasets_are_found() -> None:
    assert list(shipped("notebooks").glob("*.py"))
    assert list(shipped("datasets").glob("*.trace"))


def test_a_dataset_is_a_copy_of_ones_own() -> None:
    before = contents(shipped("datasets"))
    first, second = dataset("orders"), dataset("orders")
    with open_trace(first) as trace:
        assert trace.info()["records"] > 0
    (first / "catalog.sqlite").unlink()

    assert (second / "catalog.sqlite").exists()
    assert contents(shipped("datasets")) == before


@pytest.mark.parametrize("name", ["order", "../orders", "orders.trace", ""])
def test_a_dataset_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match=r"there are dlq-redrive-twice, .*, orders, "):
        dataset(name)


def contents(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
