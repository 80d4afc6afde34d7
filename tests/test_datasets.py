"""Every dataset shows exactly what its labels say, and can be opened as it was shipped."""

import json
from pathlib import Path

import pytest

from datasets import agreement, read_labels
from tests.conftest import REPOSITORY
from tests.datasets.examined import found_in
from workbench.demo.labels import score
from workbench.demo.traffic import Planted
from workbench.findings import DETECTORS, find
from workbench.trace import open_trace
from workbench.trace.verify import verify

DATASETS = REPOSITORY / "datasets"
RECORDED = DATASETS / "orders.trace"
"""Recorded by the demo, whose labels name orders."""
TRACES = sorted(DATASETS.glob("*.trace"))
MADE = [trace for trace in TRACES if trace != RECORDED]


def label_file(trace: Path) -> Path:
    return trace.with_suffix(".labels.json")


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_a_dataset_is_whole(trace: Path) -> None:
    assert verify(trace).problems == ()


def test_the_findings_of_the_recorded_dataset_are_its_labels() -> None:
    planted = tuple(
        Planted(**label) for label in json.loads(label_file(RECORDED).read_text("utf-8"))
    )

    with open_trace(RECORDED) as opened:
        agreed = score(opened, find(opened), planted)

    assert (agreed.missed, agreed.unplanted) == ([], [])


@pytest.mark.parametrize("trace", MADE, ids=lambda trace: trace.name)
def test_the_findings_of_a_made_dataset_are_its_labels(trace: Path) -> None:
    with open_trace(trace) as opened:
        agreed = agreement(read_labels(label_file(trace)), found_in(opened), DETECTORS)

    assert (agreed.missed, agreed.unplanted, agreed.untrue) == ((), (), ())


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_a_dataset_is_described(trace: Path) -> None:
    assert trace.name in (DATASETS / "README.md").read_text("utf-8")
