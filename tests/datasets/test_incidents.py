"""The incidents that come with the workbench are what their generator makes, whatever day it is made."""

import json
from pathlib import Path

import pytest

from datasets.__main__ import main
from datasets.incidents import INCIDENTS, Incident
from datasets.labels import read_labels
from tests.conftest import REPOSITORY
from workbench.trace import Trace, open_trace

DATASETS = REPOSITORY / "datasets"
MOST_BYTES, MOST_BYTES_OF_ALL = 150_000, 1_500_000
WHAT_IS_TOLD = (
    "select * exclude (delivery_id, capture_id) from records order by all",
    "select * exclude (capture_id) from coverage order by all",
    "select * exclude (capture_id) from resources order by all",
    "select * from settings order by all",
)
"""All of a trace but the names that its writer gave."""
ALL = pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.name)


def told_by(trace: Trace) -> list[object]:
    return [trace.sql(statement).rows() for statement in WHAT_IS_TOLD]


@ALL
def test_an_incident_is_made_anew_as_it_was_shipped(incident: Incident, tmp_path: Path) -> None:
    anew = incident.told()

    anew.write(tmp_path / "anew.trace")

    with open_trace(DATASETS / f"{incident.name}.trace") as shipped:
        told = told_by(shipped)
    with open_trace(tmp_path / "anew.trace") as made:
        assert told_by(made) == told
    assert read_labels(DATASETS / f"{incident.name}.labels.json") == anew.labels


@ALL
def test_an_incident_is_small(incident: Incident) -> None:
    assert size(DATASETS / f"{incident.name}.trace") < MOST_BYTES


def test_all_incidents_together_are_small() -> None:
    assert sum(size(DATASETS / f"{each.name}.trace") for each in INCIDENTS) < MOST_BYTES_OF_ALL


@ALL
def test_the_list_of_datasets_says_what_an_incident_is_about(incident: Incident) -> None:
    [line] = [
        line
        for line in (DATASETS / "README.md").read_text("utf-8").splitlines()
        if line.startswith(f"| `{incident.name}.trace` |")
    ]
    assert incident.about in line
    assert f" {incident.seed} " in line


def test_the_command_writes_an_incident_with_its_labels(tmp_path: Path) -> None:
    for _ in range(2):  # the second takes the place of the first
        assert main([str(tmp_path), "--incident", "midnight-schedule"]) == 0

    assert {path.name for path in tmp_path.iterdir()} == {
        "midnight-schedule.trace",
        "midnight-schedule.labels.json",
    }
    assert json.loads((tmp_path / "midnight-schedule.labels.json").read_text("utf-8"))


def test_the_command_writes_a_dataset_of_chosen_kinds(tmp_path: Path) -> None:
    kinds = ["--kinds", "sequence_gap", "--look-alikes", "--records", "200", "--each", "1"]
    assert main([str(tmp_path), "--name", "mine", *kinds]) == 0

    assert {label.kind for label in read_labels(tmp_path / "mine.labels.json")} == {"sequence_gap"}


def test_an_unknown_incident_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--incident", "flood"]) == 2
    assert "'flood'; there are visibility-too-short" in capsys.readouterr().err


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
