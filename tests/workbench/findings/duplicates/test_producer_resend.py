"""One content sent again under another id, told from beats, coincidence and copies."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import sns_notification
from tests.workbench.findings.duplicates.requests import kinds, only
from tests.workbench.findings.traces import message, trace_of
from workbench.errors import UsageError
from workbench.findings import find


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

    assert kinds(find(trace)) == {"fanout_duplicate"}


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


def test_a_topic_that_was_published_to_twice_shows_it_too(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace",
        [sns_notification(1, "x"), sns_notification(2, "x", seconds=3), sns_notification(1, "x")],
    )

    (instance,) = only(find(trace), "producer_resend").instances

    assert (len(instance["record_ids"]), instance["spread_ms"]) == (2, 3_000)


def test_json_written_anew_is_the_same_content_where_it_is_compared_canonically(
    tmp_path: Path,
) -> None:
    sent = [
        message("m1", b'{"order": 1, "price": 1.50, "sent_at": 5}', 0),
        message("m2", b'{"sent_at":6,"price":1.5,"order":1.0}', 2),
        message("m3", b'{"order": 2, "price": 1.5, "sent_at": 5}', 3),
        message("m4", b"no json", 4),
    ]
    trace = trace_of(tmp_path / "t.trace", sent)

    def found(**thresholds: object) -> list[list[str]]:
        findings = find(trace, only=["producer_resend"], thresholds=thresholds)
        return [each["record_ids"] for finding in findings for each in finding.instances]

    assert found() == found(compare="canonical") == []
    assert found(ignore="$.sent_at") == [["m1", "m2"]]
    assert found(ignore=("$.sent_at", "$.order")) == [["m1", "m2", "m3"]]


def test_what_was_ignored_stands_in_the_summary_and_in_the_statement(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", [message("m1", {"a": 1}), message("m2", {"a": 2}, 1)])

    finding = only(find(trace, thresholds={"ignore": "$.a"}), "producer_resend")

    assert "compared as canonical without $.a" in finding.summary
    assert trace.sql(finding.sql)["delivery_id"].to_list() == finding.instances[0]["delivery_ids"]


def test_the_message_inside_an_envelope_is_compared_canonically_too(tmp_path: Path) -> None:
    envelopes = [
        {"Type": "Notification", "MessageId": id_, "TopicArn": "arn:t", "Message": said}
        for id_, said in (("p1", '{"a":1,"b":2}'), ("p2", '{"b": 2, "a": 1}'))
    ]
    trace = trace_of(
        tmp_path / "t.trace", [message("m1", envelopes[0]), message("m2", envelopes[1], 1)]
    )

    assert len(find(trace)) == 0
    assert kinds(find(trace, thresholds={"compare": "canonical"})) == {"producer_resend"}


@pytest.mark.parametrize("thresholds", [{"compare": "loosely"}, {"ignore": "sent_at"}])
def test_a_comparison_that_there_is_not_is_refused(
    tmp_path: Path, thresholds: dict[str, str]
) -> None:
    trace = trace_of(tmp_path / "t.trace", [message("m1", 1), message("m2", 1, 1)])

    with pytest.raises(UsageError, match=r"bytes or canonical|JSONPath"):
        find(trace, thresholds=thresholds, only=["producer_resend"])


def test_messages_without_an_instant_are_never_said_to_be_close(tmp_path: Path) -> None:
    sent = [replace(message(f"m{n}", "x"), source_at=None) for n in range(3)]

    assert len(find(trace_of(tmp_path / "t.trace", sent))) == 0


def test_clean_traffic_with_equal_contents_here_and_there_is_not_found(tmp_path: Path) -> None:
    chance = random.Random(5)
    sent = [message(f"m{n}", {"reading": n % 400}, chance.uniform(0, 7_200)) for n in range(1_200)]

    assert len(find(trace_of(tmp_path / "t.trace", sent, 7_200))) == 0


HOSTILE = [
    b"\xff",
    b"{",
    b'{"a": NaN}',
    b"[" * 100_000,
    b'"\\ud800"',
    b'{"TopicArn": "',
    b"'; --<b>",
    b"9" * 5_000,
]


@pytest.mark.parametrize("compare", ["bytes", "canonical"])
def test_hostile_bodies_are_compared_like_any(tmp_path: Path, compare: str) -> None:
    sent = [
        message(f"{n}-{copy}", body, 100 * n + copy)
        for n, body in enumerate(HOSTILE)
        for copy in (0, 1)
    ]
    trace = trace_of(tmp_path / "t.trace", sent)

    finding = only(find(trace, thresholds={"compare": compare}), "producer_resend")

    assert finding.count == len(HOSTILE)


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(12)))
def test_what_is_found_does_not_depend_on_the_order_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    records = [message(f"m{n}", {"order": n % 10}, 20 * n) for n in range(12)]
    trace = trace_of(
        tmp_path_factory.mktemp("rows") / "t.trace", [records[place] for place in order]
    )

    found = {
        (each.kind, tuple(i["key"] for i in each.instances), each.count) for each in find(trace)
    }

    assert {kind for kind, _, _ in found} == {"producer_resend"}
    assert {count for _, _, count in found} == {2}
