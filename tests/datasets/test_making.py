"""A dataset is the same for the same seed, holds every kind, and nothing but what its labels say is found in it."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from datasets import agreement, make
from datasets.making import LEAST_S
from datasets.plantings import LOOK_ALIKES, PLANTINGS, consumers, duplicates, losses, order
from datasets.story import Told
from tests.conftest import REPOSITORY
from tests.datasets.examined import found_in
from workbench.findings import DETECTORS
from workbench.trace import open_trace
from workbench.trace.verify import verify

SMALL = 400
FAMILIES = pytest.mark.parametrize(
    "family",
    [duplicates, losses, order, consumers],
    ids=["duplicates", "losses", "order", "consumers"],
)


def examined(told: Told, folder: Path) -> tuple[object, ...]:
    """What was missed, found without cause, or told wrongly."""
    with open_trace(told.write(folder / "t.trace")) as trace:
        agreed = agreement(told.labels, found_in(trace), DETECTORS)
    return agreed.missed, agreed.unplanted, agreed.untrue


def test_every_kind_has_its_faults_and_its_look_alikes() -> None:
    assert PLANTINGS.keys() == LOOK_ALIKES.keys()
    assert DETECTORS.keys() <= PLANTINGS.keys()


def test_the_same_seed_tells_the_same_story() -> None:
    first, again, other = (
        make(PLANTINGS, LOOK_ALIKES, records=SMALL, seed=seed, each=1) for seed in (3, 3, 4)
    )
    assert (first.records, first.spans, first.labels) == (again.records, again.spans, again.labels)
    assert first.resources == again.resources
    assert first.records != other.records


def test_more_records_make_a_longer_story() -> None:
    small, large = (make(records=records) for records in (1_000, 10_000))

    assert 0.5 < len(large.records) / 10_000 < 1.5
    assert small.captured_at < large.captured_at
    assert (
        small.captured_at - min(r.source_at for r in small.records if r.source_at)
    ).seconds <= LEAST_S + 60


@pytest.mark.parametrize("kind", PLANTINGS)
def test_a_planting_names_what_it_planted(kind: str) -> None:
    told = make([kind], records=0, each=2)

    sources = {arn for arn, _ in told.pages} | {r.source_arn for r in told.records}
    of_kind = [label for label in told.labels if label.kind == kind and label.wanted]
    assert len(of_kind) >= 2
    assert len({(label.source, label.key) for label in of_kind}) == len(of_kind)
    assert all({source for _, source, _ in label.names} & sources for label in of_kind)
    assert inspect.getdoc(PLANTINGS[kind])


@pytest.mark.parametrize("seed", [1, 2])
def test_in_clean_traffic_nothing_is_found(seed: int, tmp_path: Path) -> None:
    told = make(records=3_000, seed=seed)

    assert told.labels == ()
    assert examined(told, tmp_path) == ((), (), ())


@FAMILIES
def test_faults_of_a_family_are_found_and_nothing_else(family: Any, tmp_path: Path) -> None:
    told = make(
        family.PLANTINGS, records=2 * SMALL, seed=5, each=4
    )  # a throttle needs requests beside it

    assert examined(told, tmp_path) == ((), (), ())


@FAMILIES
def test_look_alikes_are_not_taken_for_faults(family: Any, tmp_path: Path) -> None:
    told = make([], family.LOOK_ALIKES, records=SMALL, seed=6, each=6)

    assert examined(told, tmp_path) == ((), (), ())


@pytest.mark.parametrize("seed", [7, 8])
def test_all_kinds_and_all_look_alikes_at_once_are_told_apart(seed: int, tmp_path: Path) -> None:
    told = make(PLANTINGS, LOOK_ALIKES, records=2_000, seed=seed, each=3)

    assert examined(told, tmp_path) == ((), (), ())


def test_a_dataset_is_a_whole_trace_that_knows_its_business_fields(tmp_path: Path) -> None:
    told = make(PLANTINGS, records=SMALL, each=1)
    folder = told.write(tmp_path / "t.trace")

    assert verify(folder).problems == ()
    with open_trace(folder) as trace:
        assert trace.settings() == {
            "key": "$.order_id",
            "sequence": "$.version",
            "event_time": "$.at",
        }
        stored = trace.sql("select count(*) as rows from records")["rows"][0]
    assert stored == len(told.records)


def test_makers_know_nothing_of_how_findings_are_told() -> None:
    makers = (REPOSITORY / "datasets").rglob("*.py")

    assert all("workbench.findings" not in path.read_text("utf-8") for path in makers)
