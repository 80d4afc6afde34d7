"""Every dataset shows exactly what its labels say, and can be opened as it was shipped."""

import json
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from workbench.demo.labels import score
from workbench.demo.traffic import Planted
from workbench.findings import find
from workbench.trace import open_trace
from workbench.trace.verify import verify

DATASETS = REPOSITORY / "datasets"
TRACES = sorted(DATASETS.glob("*.trace"))


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_a_dataset_is_whole(trace: Path) -> None:
    assert verify(trace).problems == ()


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_the_findings_of_a_dataset_are_its_labels(trace: Path) -> None:
    labels = json.loads(trace.with_suffix(".labels.json").read_text("utf-8"))
    planted = tuple(Planted(**label) for label in labels)

    with open_trace(trace) as opened:
        agreed = score(opened, find(opened), planted)

    assert (agreed.missed, agreed.unplanted) == ([], [])


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_a_dataset_is_described(trace: Path) -> None:
    assert trace.name in (DATASETS / "README.md").read_text("utf-8")
