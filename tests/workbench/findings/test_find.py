"""What `find` accepts, and what it answers."""

import json
from pathlib import Path

import pytest

from tests.workbench.findings.traces import QUEUE, at, message, trace_of
from workbench.errors import UsageError
from workbench.findings import DETECTORS, find


def test_an_empty_trace_has_no_findings(tmp_path: Path) -> None:
    findings = find(trace_of(tmp_path / "t.trace", []))

    assert findings.documents() == []
    assert findings.to_frame().height == 0


def test_an_unknown_kind_gets_the_list_of_kinds(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="hot_key"):
        find(trace_of(tmp_path / "t.trace", []), only=["hotkey"])


def test_a_source_that_is_not_there_gets_the_list_of_sources(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sqs:orders"):
        find(trace_of(tmp_path / "t.trace", [message("m", 1)]), source="sqs:ordres")


def test_a_malformed_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\$\.\*"):
        find(trace_of(tmp_path / "t.trace", []), key="$.*", sequence="$.v")


def test_all_instances_are_counted_where_the_list_is_cut(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", [message(f"m{n}", n, count=2) for n in range(7)])

    (finding,) = find(trace, limit=3)

    assert (finding.count, len(finding.instances), finding.deliveries) == (7, 3, 7)


def test_a_span_of_time_leaves_the_rest_out(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace", [message("early", 1, 0, count=2), message("late", 2, 100, count=2)]
    )

    (finding,) = find(trace, since=at(50))

    assert [instance["key"] for instance in finding.instances] == ["late"]


def test_the_document_has_the_promised_members_and_is_json(tmp_path: Path) -> None:
    (document,) = find(trace_of(tmp_path / "t.trace", [message("m", 1, count=2)])).documents()

    promised = {
        "kind",
        "source_arn",
        "count",
        "deliveries",
        "first_at",
        "last_at",
        "confidence",
        "coverage",
        "summary",
    }
    assert promised | {"sql", "instances"} <= document.keys()
    assert document["source_arn"] == QUEUE
    assert document["first_at"] == "2026-11-20T10:00:00.000000Z"
    json.dumps(document)


@pytest.mark.parametrize("kind", DETECTORS)
def test_every_threshold_is_a_parameter_of_its_statement(kind: str) -> None:
    from workbench.trace.sql import load_statement

    detector = DETECTORS[kind]
    statement = load_statement("workbench.findings", kind)

    assert set(detector.thresholds) <= set(statement.parameters)
    assert set(statement.parameters) <= {
        *detector.thresholds,
        "source_arn",
        "since",
        "until",
        "key",
        "sequence",
    }


def test_a_body_that_looks_like_sql_or_markup_stays_a_body(tmp_path: Path) -> None:
    hostile = "'; drop view records; --<script>"
    trace = trace_of(
        tmp_path / "t.trace", [message(hostile, hostile, count=2, queue=f"{QUEUE}-{hostile}")]
    )

    (finding,) = find(trace)

    assert finding.instances[0]["key"] == hostile
    assert trace.sql(finding.sql).height == 1
