"""What `find` accepts, and what it answers."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from tests.workbench.findings.traces import QUEUE, at, message, trace_of
from workbench.errors import UsageError
from workbench.findings import DETECTORS, find
from workbench.questions import Scope


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


SCOPE = {field.name for field in fields(Scope)}


@pytest.mark.parametrize("kind", DETECTORS)
def test_every_parameter_of_a_statement_is_a_threshold_or_the_scope(kind: str) -> None:
    detector = DETECTORS[kind]
    thresholds = {each.name for each in detector.thresholds}

    assert thresholds <= set(detector.statement.parameters)
    assert set(detector.statement.parameters) <= thresholds | SCOPE


@pytest.mark.parametrize("kind", DETECTORS)
def test_every_threshold_has_a_reason_and_one_default_wherever_it_is_used(kind: str) -> None:
    everywhere = [each for other in DETECTORS.values() for each in other.thresholds]
    for threshold in DETECTORS[kind].thresholds:
        assert len(threshold.reason) > 10
        same_name = {each.default for each in everywhere if each.name == threshold.name}
        assert same_name == {threshold.default}


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_kind_says_what_it_is_and_what_only_looks_like_it(kind: str) -> None:
    detector = DETECTORS[kind]

    assert detector.definition.endswith(".")
    assert detector.not_to_confuse


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_witness_row_names_source_key_delivery_and_instant_and_is_sorted_by_its_own_columns(
    kind: str,
) -> None:
    statement = DETECTORS[kind].statement
    last = statement.body.splitlines()[-1]

    assert {"source_arn", "key", "delivery_id", "source_at"} <= statement.columns.keys()
    assert last.startswith("order by source_arn, key")
    assert {each.split()[0] for each in last.removeprefix("order by ").split(", ")} <= (
        statement.columns.keys()
    )


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_kind_yields_to_kinds_that_are_there(kind: str) -> None:
    assert set(DETECTORS[kind].yields_to) <= DETECTORS.keys()


def test_a_threshold_can_be_set_and_stands_in_the_finding(tmp_path: Path) -> None:
    sent = [message("m1", "a", 0), message("m2", "a", 2)]
    trace = trace_of(tmp_path / "t.trace", sent)

    (finding,) = find(trace, thresholds={"resend_window_ms": "2000"}, only=["producer_resend"])

    assert finding.thresholds["resend_window_ms"] == 2_000
    assert (
        find(trace, thresholds={"resend_window_ms": 1_999}, only=["producer_resend"]).documents()
        == []
    )


def test_an_unknown_threshold_gets_the_list_of_thresholds(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="settle_ms"):
        find(trace_of(tmp_path / "t.trace", []), thresholds={"settle": 1})


def test_a_body_that_looks_like_sql_or_markup_stays_a_body(tmp_path: Path) -> None:
    hostile = "'; drop view records; --<script>"
    trace = trace_of(
        tmp_path / "t.trace", [message(hostile, hostile, count=2, queue=f"{QUEUE}-{hostile}")]
    )

    (finding,) = find(trace)

    assert finding.instances[0]["key"] == hostile
    assert trace.sql(finding.sql).height == 1
