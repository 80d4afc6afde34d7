"""One content sent again under another id, told from beats, coincidence and copies."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workbench.findings.traces import message, trace_of
from workbench.findings import Finding, find


def only(findings: object, kind: str) -> Finding:
    (finding,) = [each for each in findings if each.kind == kind]  # type: ignore[attr-defined]
    return finding


def test_equal_content_under_two_ids_close_together_is_a_resend(tmp_path: Path) -> None:
    sent = [message(f"m{n}", {"order": n}, n) for n in range(50)]
    trace = trace_of(tmp_path / "t.trace", [*sent, message("again", {"order": 7}, 9)])

    finding = only(find(trace), "producer_resend")

    assert finding.count == 1
    assert finding.instances[0]["record_ids"] == ["m7", "again"]
    assert finding.instances[0]["spread_ms"] == 2_000


def test_a_steady_beat_of_equal_messages_is_no_resend(tmp_path: Path) -> None:
    beats = [message(f"m{n}", "alive", 30 * n) for n in range(40)]

    assert len(find(trace_of(tmp_path / "t.trace", beats))) == 0


def test_equal_contents_that_come_often_by_themselves_are_no_resend(tmp_path: Path) -> None:
    often = [
        message(f"m{n}", "tick", seconds)
        for n, seconds in enumerate([0, 400, 410, 900, 1500, 2100, 2108, 2900])
    ]

    assert len(find(trace_of(tmp_path / "t.trace", often))) == 0


def test_two_copies_of_one_publish_are_no_resend(tmp_path: Path) -> None:
    envelope = {
        "Type": "Notification",
        "MessageId": "p1",
        "TopicArn": "arn:t",
        "Message": '{"order":1}',
    }
    trace = trace_of(
        tmp_path / "t.trace",
        [message("m1", envelope), message("m2", {**envelope, "Timestamp": "later"}, 1)],
    )

    assert len(find(trace)) == 0


def test_two_publishes_of_one_content_are_a_resend_in_the_queue_behind_the_topic(
    tmp_path: Path,
) -> None:
    envelopes = [
        {"Type": "Notification", "MessageId": id_, "TopicArn": "arn:t", "Message": '{"order":1}'}
        for id_ in ("p1", "p2")
    ]
    trace = trace_of(
        tmp_path / "t.trace", [message("m1", envelopes[0]), message("m2", envelopes[1], 1)]
    )

    assert only(find(trace), "producer_resend").instances[0]["record_ids"] == ["m1", "m2"]


def test_a_fifo_queue_is_not_searched_for_resends(tmp_path: Path) -> None:
    fifo = "arn:aws:sqs:us-east-1:111111111111:orders.fifo"
    trace = trace_of(
        tmp_path / "t.trace", [message("m1", 1, queue=fifo), message("m2", 1, 1, queue=fifo)]
    )

    assert len(find(trace)) == 0


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(12)))
def test_what_is_found_does_not_depend_on_the_order_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    records = [message(f"m{n}", {"order": n % 10}, 20 * n, count=1) for n in range(12)]
    trace = trace_of(
        tmp_path_factory.mktemp("rows") / "t.trace", [records[place] for place in order]
    )

    found = {
        (each.kind, tuple(i["key"] for i in each.instances), each.count) for each in find(trace)
    }

    assert {kind for kind, _, _ in found} == {"producer_resend"}
    assert {count for _, _, count in found} == {2}
