"""How far a capture is."""

from datetime import timedelta
from pathlib import Path

from tests.factories import T0
from tests.workbench.findings.traces import message, put, trace_of
from workbench.views.live import goes_on, preflight_rows, progress_by_source, told


def test_sources_have_their_records_and_how_far_they_were_read(tmp_path: Path) -> None:
    records = [*(message(f"m-{n}", {"n": n}) for n in range(3)), put(1, "key", {}, 1)]
    with trace_of(tmp_path / "x.trace", records) as trace:
        found = progress_by_source(trace)

    assert found["records"].to_list() == [1, 3]
    rows = told(found, {}, 0.0, T0 + timedelta(days=1))
    assert [row[0] for row in rows] == ["kinesis:orders", "sqs:orders"]
    assert {row[2] for row in rows} == {"-"}


def test_the_rate_is_what_came_since_the_last_look(tmp_path: Path) -> None:
    with trace_of(tmp_path / "x.trace", [message(f"m-{n}", {"n": n}) for n in range(30)]) as trace:
        found = progress_by_source(trace)

    (row,) = told(found, {found["source_arn"][0]: 10}, 2.0, T0)
    assert row[1:3] == ["30", "10"]


def test_a_preflight_says_what_is_missing_and_what_to_mind() -> None:
    rights = [
        {"action": "kinesis:GetRecords", "grant": "missing", "why": ""},
        {"action": "kinesis:ListShards", "grant": "granted", "why": ""},
    ]
    bad = {"mode": "observe", "ready": False, "rights": rights, "warnings": ["two readers"]}
    good = {"mode": "observe", "ready": True, "rights": rights[1:], "warnings": []}

    assert preflight_rows(["kinesis:a", "kinesis:b"], {"sources": [bad, good]}) == [
        ["kinesis:a", "observe", "not ready", "kinesis:GetRecords", "two readers"],
        ["kinesis:b", "observe", "ready", "none", "nothing"],
    ]


def test_a_capture_that_has_ended_does_not_go_on(tmp_path: Path) -> None:
    with trace_of(tmp_path / "x.trace", [message("m-1", {})]) as trace:
        assert not goes_on(trace)
