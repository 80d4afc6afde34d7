"""What a trace is at a glance."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.record import Resource
from tests.factories import QUEUE, STREAM, T0
from tests.workbench.findings.traces import message, trace_of
from workbench.trace import TraceWriter, open_trace
from workbench.views.overview import source_rows, state_of, still_kept


def test_a_source_has_its_counts_and_what_is_selected(tmp_path: Path) -> None:
    with trace_of(tmp_path / "x.trace", [message(f"m-{n}", {"n": n}) for n in range(3)]) as trace:
        (row,) = source_rows(trace, "record_id = 'm-1' -- mine").to_dicts()

    assert (row["deliveries"], row["selected"], row["partitions"]) == (3, 1, 1)
    assert row["first_at"] <= row["last_at"]


def test_a_trace_that_is_being_captured_says_so(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "x.trace", "capture", [QUEUE], lambda: T0)
    with open_trace(tmp_path / "x.trace") as trace:
        running, nothing = state_of(trace)
    writer.close()

    assert running.startswith("being captured since")
    assert nothing == "nothing has come yet"


def test_an_empty_trace_says_so(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "x.trace", "capture", [QUEUE], lambda: T0).close()
    with open_trace(tmp_path / "x.trace") as trace:
        assert any(each.startswith("empty: what was captured") for each in state_of(trace))


@pytest.mark.parametrize(
    ("arn", "kind", "document", "kept"),
    [
        (
            STREAM,
            "describe-stream-summary",
            {"StreamDescriptionSummary": {"RetentionPeriodHours": 24}},
            "everything since 2026-",
        ),
        (
            QUEUE,
            "get-queue-attributes",
            {"Attributes": {"MessageRetentionPeriod": "345600"}},
            "only what its consumers have not deleted yet",
        ),
    ],
)
def test_what_a_source_still_has_follows_from_its_own_retention(
    tmp_path: Path, arn: str, kind: str, document: dict[str, object], kept: str
) -> None:
    writer = TraceWriter(tmp_path / "x.trace", "import", [], lambda: T0)
    writer.append_resources([Resource(arn, kind, T0, json.dumps(document))])
    writer.append_resources([Resource(f"{arn}-2", kind, T0, "{}")])
    writer.close()
    with open_trace(tmp_path / "x.trace") as trace:
        found = still_kept(trace, T0 + timedelta(days=2))

    assert found["source_arn"].to_list() == [arn]
    assert found["kept"][0].startswith(kept)
