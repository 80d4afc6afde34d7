"""Publishes that a subscribed queue should hold: claimed where absence proves it, and nowhere else."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource, Span
from tests.workbench.findings.losses.topics import (
    BILLING,
    BILLING_DLQ,
    SHIPPING,
    TOPIC,
    attributes_of,
    delivered,
    listing,
    mapping_of,
    message_id,
    subscription,
    tapped,
    trace_of_topic,
)
from tests.workbench.findings.traces import at
from workbench.findings import Finding, find

TEXT = {"Type": "String"}


def lost(trace: Any, **asked: Any) -> list[Finding]:
    return list(find(trace, only=["fanout_missing"], **asked))


def keys(trace: Any, **asked: Any) -> list[tuple[str, str]]:
    return [(f.source_arn, each["key"]) for f in lost(trace, **asked) for each in f.instances]


def story(*missing: int, publishes: int = 20, **more: Any) -> list[Record]:
    """Publishes 60 s apart in a tap and in the billing queue, but for those that are missing there."""
    published = [tapped(n, n * 60) for n in range(publishes)]
    return published + [delivered(n, n * 60, **more) for n in range(publishes) if n not in missing]


def test_a_publish_that_a_queue_read_alone_does_not_hold_is_missing_with_its_copies(
    tmp_path: Path,
) -> None:
    records = [*story(7), *(delivered(n, n * 60, SHIPPING) for n in range(20))]
    trace = trace_of_topic(tmp_path / "t.trace", records, [subscription(), subscription(SHIPPING)])

    (finding,) = lost(trace)

    assert finding.source_arn == BILLING
    (instance,) = finding.instances
    assert (instance["key"], instance["missing_from"]) == (message_id(7), BILLING)
    assert (instance["copies"], instance["shown_by"]) == ([TOPIC, SHIPPING], "read")
    assert (instance["held"], instance["missing"], finding.confidence) == (19, 1, round(20 / 22, 3))
    assert trace.sql(finding.sql)["delivery_id"].to_list() == instance["delivery_ids"]


def test_nothing_is_missing_where_everything_came(tmp_path: Path) -> None:
    assert lost(trace_of_topic(tmp_path / "t.trace", story(), [subscription()])) == []


def test_without_a_tap_another_queue_tells_what_was_published(tmp_path: Path) -> None:
    records = [delivered(n, n * 60, SHIPPING) for n in range(5)] + [
        delivered(n, n * 60) for n in range(5) if n != 2
    ]

    found = keys(
        trace_of_topic(tmp_path / "t.trace", records, [subscription(), subscription(SHIPPING)])
    )

    assert found == [(BILLING, message_id(2))]


@pytest.mark.parametrize(
    ("policy", "scope", "found"),
    [
        ({"kind": ["paid"]}, "MessageAttributes", [3]),
        ({"kind": ["open"]}, "MessageAttributes", []),
        ({"order": [{"numeric": ["<", 4]}]}, "MessageBody", [3]),
        ({"order": [{"numeric": [">", 4]}]}, "MessageBody", []),
    ],
)
def test_the_filter_policy_says_what_should_have_come(
    tmp_path: Path, policy: Any, scope: str, found: list[int]
) -> None:
    paid = {"kind": TEXT | {"Value": "paid"}}
    records = [tapped(n, n * 60, attributes=paid) for n in range(6)] + [
        delivered(n, n * 60) for n in range(6) if n != 3
    ]
    trace = trace_of_topic(
        tmp_path / "t.trace", records, [subscription(policy=policy, scope=scope)]
    )

    assert keys(trace) == [(BILLING, message_id(n)) for n in found]


def test_the_policy_is_evaluated_over_an_envelope_too(tmp_path: Path) -> None:
    paid = {"kind": TEXT | {"Value": "paid"}}
    records = [delivered(n, n * 60, SHIPPING, attributes=paid) for n in range(6)]
    records += [delivered(n, n * 60) for n in range(6) if n not in (2, 3)]
    policies = [subscription(policy={"kind": ["paid"]}), subscription(SHIPPING)]

    assert keys(trace_of_topic(tmp_path / "t.trace", records, policies)) == [
        (BILLING, message_id(2)),
        (BILLING, message_id(3)),
    ]


def test_a_listing_tells_no_policy_so_nothing_is_claimed_and_that_is_said(tmp_path: Path) -> None:
    trace = trace_of_topic(tmp_path / "t.trace", story(7), [listing(BILLING)])

    found = find(trace, only=["fanout_missing"])

    assert len(found) == 0
    assert "no filter policy is known of 1 subscription" in found.remarks[0]


def test_a_policy_that_cannot_be_read_claims_nothing(tmp_path: Path) -> None:
    resources = [subscription(policy={"kind": [{"regex": "x"}]})]

    assert lost(trace_of_topic(tmp_path / "t.trace", story(7), resources)) == []


def test_a_redacted_payload_is_not_held_against_a_policy(tmp_path: Path) -> None:
    policy = subscription(policy={"order": [7]}, scope="MessageBody")

    redacted = trace_of_topic(
        tmp_path / "r.trace", story(7), [policy], redaction='{"profile": "x"}'
    )

    assert lost(redacted) == []
    assert keys(trace_of_topic(tmp_path / "t.trace", story(7), [policy])) == [
        (BILLING, message_id(7))
    ]


@pytest.mark.parametrize(("resources", "count"), [([mapping_of(BILLING)], 1), ([], 2)])
def test_a_queue_that_others_read_is_judged_between_what_it_holds_only(
    tmp_path: Path, resources: list[Resource], count: int
) -> None:
    known = [subscription(), *resources]
    most_taken = [tapped(n, n * 60) for n in range(20)] + [
        delivered(n, n * 60, count=count) for n in (0, 5, 19)
    ]

    inside = trace_of_topic(tmp_path / "a.trace", story(7, count=count), known)
    outside = trace_of_topic(tmp_path / "c.trace", story(0, 19, count=count), known)

    assert keys(inside) == [(BILLING, message_id(7))]
    assert lost(inside)[0].instances[0]["shown_by"] == "neighbours"
    assert lost(outside) == []
    still_coming = trace_of_topic(tmp_path / "d.trace", story(18, count=count), known)
    assert lost(still_coming) == [], (
        "one held a minute later does not tell that two minutes are over"
    )
    assert lost(trace_of_topic(tmp_path / "b.trace", most_taken, known)) == []


def test_a_disabled_mapping_reads_nothing(tmp_path: Path) -> None:
    resources = [subscription(), mapping_of(BILLING, "Disabled")]
    records = [tapped(n, n * 60) for n in range(4)]

    found = lost(trace_of_topic(tmp_path / "t.trace", records, resources))

    assert [f.count for f in found] == [4]
    assert found[0].confidence == round(1 / 6, 3), (
        "a queue that holds nothing may have a reader that is not known"
    )


def test_what_was_not_read_is_not_missing(tmp_path: Path) -> None:
    resources = [subscription()]
    hole = (BILLING, Span(at(400), at(430), "corrupt_page"))

    assert lost(trace_of_topic(tmp_path / "h.trace", story(7), resources, holes=[hole])) == []
    assert (
        lost(
            trace_of_topic(
                tmp_path / "n.trace", [tapped(n, n * 60) for n in range(9)], resources, read=()
            )
        )
        == []
    )
    assert (
        lost(trace_of_topic(tmp_path / "u.trace", story(19), resources, until=19 * 60 + 119)) == []
    )
    assert (
        len(lost(trace_of_topic(tmp_path / "v.trace", story(19), resources, until=19 * 60 + 120)))
        == 1
    )


def test_a_hole_in_the_consumers_log_hides_what_the_queue_would_show(tmp_path: Path) -> None:
    group = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"
    resources = [subscription(), mapping_of(BILLING)]
    hole = (group, Span(at(400), at(430), "logs_dropped"))
    logs = Record(
        service="aws:logs",
        source_arn=group,
        partition_id="s",
        record_id="e",
        source_at=at(0),
        received_at=at(0),
        body=b"x",
    )

    assert (
        lost(
            trace_of_topic(
                tmp_path / "t.trace", [*story(7), logs], resources, read=(), holes=[hole]
            )
        )
        == []
    )
    assert (
        len(lost(trace_of_topic(tmp_path / "u.trace", [*story(7), logs], resources, read=()))) == 1
    )


def test_a_message_in_the_queues_own_dead_letter_queue_had_come(tmp_path: Path) -> None:
    redrive = attributes_of(
        BILLING, RedrivePolicy=f'{{"deadLetterTargetArn":"{BILLING_DLQ}","maxReceiveCount":3}}'
    )
    dead = delivered(7, 420, BILLING_DLQ, system={"DeadLetterQueueSourceArn": BILLING})
    of_another = delivered(7, 420, BILLING_DLQ, system={"DeadLetterQueueSourceArn": SHIPPING})

    assert (
        lost(trace_of_topic(tmp_path / "t.trace", [*story(7), dead], [subscription(), redrive]))
        == []
    )
    assert (
        len(
            lost(
                trace_of_topic(
                    tmp_path / "u.trace", [*story(7), of_another], [subscription(), redrive]
                )
            )
        )
        == 1
    )


def test_the_subscriptions_dead_letter_queue_holds_what_never_came(tmp_path: Path) -> None:
    redrive = attributes_of(
        BILLING, RedrivePolicy=f'{{"deadLetterTargetArn":"{BILLING_DLQ}","maxReceiveCount":3}}'
    )
    resources = [subscription(dead_letter_arn=BILLING_DLQ), redrive]

    (finding,) = lost(
        trace_of_topic(tmp_path / "t.trace", [*story(7), delivered(7, 420, BILLING_DLQ)], resources)
    )

    assert finding.instances[0]["copies"] == [TOPIC, BILLING_DLQ]


def test_raw_delivery_is_told_by_payload_and_time(tmp_path: Path) -> None:
    trace = trace_of_topic(tmp_path / "t.trace", story(7, raw=True), [subscription(raw=True)])

    assert keys(trace) == [(BILLING, message_id(7))]


def test_raw_delivery_without_a_tap_is_not_judged(tmp_path: Path) -> None:
    records = [delivered(n, n * 60, SHIPPING) for n in range(5)]

    assert (
        lost(
            trace_of_topic(
                tmp_path / "t.trace", records, [subscription(raw=True), subscription(SHIPPING)]
            )
        )
        == []
    )


def test_a_subscription_first_seen_later_may_be_younger_than_the_publish(tmp_path: Path) -> None:
    late = [subscription(seconds=500)]

    assert (
        lost(trace_of_topic(tmp_path / "t.trace", [tapped(n, n * 60) for n in range(5)], late))
        == []
    )
    assert keys(trace_of_topic(tmp_path / "u.trace", story(7), late)) == [(BILLING, message_id(7))]


def test_a_subscription_that_is_gone_from_the_listing_is_owed_nothing_after(tmp_path: Path) -> None:
    resources = [subscription(), listing(BILLING), listing(SHIPPING, seconds=2_000)]

    assert lost(trace_of_topic(tmp_path / "t.trace", story(7), resources)) == []


def test_around_a_change_of_policy_nothing_is_claimed(tmp_path: Path) -> None:
    resources = [
        subscription(),
        subscription(policy={"order": [7, 15]}, scope="MessageBody", seconds=200),
    ]
    records = [*story(1, 7, 15), tapped(40, 1_150)]

    # 1 and 7 fall between the looks or into the 15 minutes after; 15 (at 900 s) too; 40 comes after and is kept out
    assert lost(trace_of_topic(tmp_path / "t.trace", records, resources)) == []


def test_only_confirmed_subscriptions_of_queues_count(tmp_path: Path) -> None:
    pending = subscription()
    pending = type(pending)(
        pending.source_arn,
        pending.kind,
        pending.observed_at,
        pending.document.replace(f'"{TOPIC}:billing"', '"PendingConfirmation"'),
    )

    assert lost(trace_of_topic(tmp_path / "t.trace", story(7), [pending])) == []


def test_a_scope_narrows_the_queue_and_the_time(tmp_path: Path) -> None:
    trace = trace_of_topic(tmp_path / "t.trace", story(3, 7), [subscription()])

    assert keys(trace, until=at(300)) == [(BILLING, message_id(3))]
    assert keys(trace, source=BILLING) == [(BILLING, message_id(3)), (BILLING, message_id(7))]


def test_a_message_that_only_looks_like_an_envelope_harms_nothing(tmp_path: Path) -> None:
    cut_off = (
        f'{{"Type":"Notification","MessageId":"{message_id(99)}","TopicArn":"{TOPIC}","Message":"'
    )
    deep = cut_off + '","x":' + "[" * 100_000 + "]" * 100_000 + "}"
    forged = [
        *(
            Record(
                service="aws:sqs",
                source_arn=SHIPPING,
                partition_id="",
                record_id=f"f{n}",
                source_at=at(60),
                received_at=at(61),
                body=body.encode(),
                attributes="{}",
            )
            for n, body in enumerate((cut_off, deep))
        ),
        delivered(7, 420, body={"quote": '"}]'}, raw=True),
        Record(
            service="aws:sqs",
            source_arn=BILLING,
            partition_id="",
            record_id="x",
            source_at=at(1),
            received_at=at(1),
            body=b'\xff{"Type" : "Notification"',
            attributes="{}",
        ),
    ]

    policies = [subscription(policy={"order": [7]}, scope="MessageBody"), subscription(SHIPPING)]
    forged += [delivered(n, n * 60, SHIPPING) for n in range(20)]

    assert keys(trace_of_topic(tmp_path / "t.trace", [*story(7), *forged], policies)) == [
        (BILLING, message_id(7))
    ]


@settings(max_examples=20)
@given(st.sets(st.integers(1, 10)), st.randoms())
def test_exactly_what_is_not_there_is_missing_in_whatever_order_it_was_stored(
    tmp_path_factory: pytest.TempPathFactory, missing: set[int], random: Any
) -> None:
    records = story(*missing, publishes=12)
    random.shuffle(records)
    trace = trace_of_topic(
        tmp_path_factory.mktemp("t") / "t.trace",
        records + random.sample(records, 3),
        [subscription()],
    )

    assert keys(trace) == [(BILLING, message_id(n)) for n in sorted(missing)]
