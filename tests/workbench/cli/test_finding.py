"""Findings on the terminal and for programs."""

from pathlib import Path

import pytest

from tests.workbench.cli.running import run
from tests.workbench.findings.traces import message, put, trace_of


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    folder = tmp_path / "t.trace"
    trace_of(
        folder, [put(n, "k", {"id": "o1", "v": v}, n) for n, v in enumerate([1, 2, 4])]
    ).close()
    return folder


def test_find_gives_a_list_of_findings(trace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "find", trace, "--key", "$.id", "--sequence", "$.v", "--json")

    assert ran.code == 0
    assert [finding["kind"] for finding in ran.document] == ["sequence_gap"]


def test_nothing_found_is_an_empty_list_and_no_failure(
    trace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "find", trace, "--only", "redelivery,hot_key", "--json")

    assert (ran.code, ran.document) == (0, [])


def test_what_was_not_looked_for_is_said_beside_the_document(
    trace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "find", trace, "--json")

    assert ran.document == []
    assert "sequence_gap not looked for" in ran.err


def test_an_unknown_kind_is_wrong_use(trace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "find", trace, "--only", "gaps")

    assert ran.code == 2
    assert "sequence_gap" in ran.complaint


def test_a_threshold_that_is_not_name_and_value_is_refused(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trace_of(tmp_path / "t.trace", []).close()

    ran = run(capfd, "find", tmp_path / "t.trace", "--set", "settle_ms")

    assert (ran.code, ran.complaint) == (
        2,
        "workbench: wanted --set NAME=VALUE, found 'settle_ms'",
    )


def test_kinds_tells_what_a_kind_is_and_what_it_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    (told,) = run(capfd, "kinds", "redelivery", "--json").document

    assert told["kind"] == "redelivery"
    assert told["definition"]
    assert told["not_to_confuse"]


def test_contrast_ranks_what_sets_a_selection_apart(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trace_of(
        tmp_path / "t.trace",
        [
            message(f"m{n}", {"tier": "gold" if n % 3 else "tin"}, n, count=1 if n % 3 else 2)
            for n in range(60)
        ],
    ).close()

    (first, *_) = run(
        capfd, "contrast", tmp_path / "t.trace", "receive_count > 1", "--json"
    ).document
    shown = run(capfd, "contrast", tmp_path / "t.trace", "redelivery")

    assert (first["dimension"], first["differs"]) in [("$.tier", True), ("receive_count", True)]
    assert "$.tier" in shown.out


def test_story_tells_the_steps_of_a_key(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trace_of(tmp_path / "t.trace", [put(n, "k", {"id": "o1"}, n) for n in range(3)]).close()

    told = run(capfd, "story", tmp_path / "t.trace", "o1", "--key", "$.id", "--json")
    unknown = run(capfd, "story", tmp_path / "t.trace", "o2", "--key", "$.id")

    assert [step["what"] for step in told.document] == ["put", "put", "put"]
    assert (unknown.code, "found 'o2' nowhere" in unknown.complaint) == (2, True)
