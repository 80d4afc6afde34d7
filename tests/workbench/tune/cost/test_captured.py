"""What captured traffic costs in a month: each record once, each source by its own captured time."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from connectors.record import Record, Resource, Span
from tests.factories import (
    LOG_GROUP,
    QUEUE,
    STREAM,
    T0,
    clock,
    instant,
    kinesis_record,
    log_event,
    page,
    sqs_message,
    write_trace,
)
from tests.workbench.trace.invoked import consumed_by, invoked
from workbench.errors import UsageError
from workbench.trace import TraceWriter, open_trace
from workbench.tune.cost.captured import Costs, cost
from workbench.tune.cost.terms import Term
from workbench.tune.dated import COLUMNS

DAY_S = 86_400.0
"""Captured time of each source here: a month is 30 times what is captured."""
MESSAGES = [
    sqs_message(1),
    sqs_message(2, b"x" * 65_537, seconds=10),
    sqs_message(2, b"x" * 65_537, seconds=10, receive_count=2),
    sqs_message(3, seconds=DAY_S),
]
INVOCATIONS = [*invoked(1), *invoked(2, at=DAY_S - 1)]
RECORDS = [*MESSAGES, *INVOCATIONS]


def quantities(costs: Costs, source_arn: str) -> dict[str, float | None]:
    return {term.name: term.quantity for term in terms(costs, source_arn)}


def terms(costs: Costs, source_arn: str) -> tuple[Term, ...]:
    [found] = [source for source in costs.sources if source.source_arn == source_arn]
    return found.terms


def costs_of(folder: Path, records: list[Record], *resources: Resource, **options: object) -> Costs:
    with write_trace(folder / "t.trace", records, resources) as trace:
        return cost(trace, **options)  # type: ignore[arg-type]


def test_a_message_is_sent_once_and_received_as_often_as_its_count_says(tmp_path: Path) -> None:
    """1 + 2 + 1 requests of 64 KB sent, 1 + 2 x 2 + 1 received, times 30; who asks for nothing is not known."""
    costs = costs_of(tmp_path, MESSAGES)

    assert quantities(costs, QUEUE) == {
        "sends": 120,
        "receives": 180,
        "empty receives": None,
        "deletes": 90,
    }
    assert costs.total.unknown == ("sqs:orders empty receives",)
    assert costs.total.cost == pytest.approx(390 * 0.4e-6)


def test_a_mapped_function_tells_the_calls_and_who_asks_for_nothing(tmp_path: Path) -> None:
    """2 invocations, times 30, but no fewer than the payload's 64 KB; 5 pollers every 20 s, less these."""
    costs = costs_of(tmp_path, RECORDS, consumed_by())

    found = quantities(costs, QUEUE)

    payload = 30 * sum(len(message.body) for message in MESSAGES) / 65_536
    assert payload > 60
    assert found["receives"] == pytest.approx(payload)
    assert found["empty receives"] == 648_000 - 60
    assert costs.total.unknown == ()


def test_a_function_of_two_queues_tells_nothing_of_either(tmp_path: Path) -> None:
    other = consumed_by(source=f"{QUEUE}-2")

    costs = costs_of(
        tmp_path,
        RECORDS,
        consumed_by(),
        replace(other, document=other.document.replace("mapping-of", "2")),
    )

    assert quantities(costs, QUEUE)["receives"] == 180


def test_an_invocation_is_billed_as_its_report_says_or_by_the_rules_of_a_day(
    tmp_path: Path,
) -> None:
    """2 x 1 ms as REPORT says; 2 x 1,000 ms by 2016's rules; times 128 MB, times 30."""
    with write_trace(tmp_path / "t.trace", INVOCATIONS) as trace:
        observed = quantities(cost(trace), LOG_GROUP)
        reckoned = quantities(cost(trace, at=date(2016, 12, 1)), LOG_GROUP)

    assert observed["requests"] == reckoned["requests"] == 60
    assert observed["duration"] == pytest.approx(60 * 0.001 * 0.125)
    assert reckoned["duration"] == pytest.approx(60 * 1.0 * 0.125)


def test_initialisation_is_billed_by_a_day_since_august_2025(tmp_path: Path) -> None:
    report = (
        "REPORT RequestId: aaaaaaaa-0000-4000-8000-000000000001\tDuration: 120.50 ms\tBilled Duration: 121 ms\t"
        "Memory Size: 1024 MB\tMax Memory Used: 64 MB\tInit Duration: 300.00 ms\t"
    )
    lines = [log_event(1, "before"), log_event(2, report, seconds=DAY_S)]

    days = (date(2020, 11, 30), date(2025, 7, 31), date(2025, 8, 1))
    with write_trace(tmp_path / "t.trace", lines) as trace:
        found = [quantities(cost(trace, at=day), LOG_GROUP)["duration"] for day in days]

    assert found == [pytest.approx(30 * billed) for billed in (0.2, 0.121, 0.421)]


def test_what_was_captured_twice_costs_no_more(tmp_path: Path) -> None:
    once = costs_of(tmp_path / "a", RECORDS, consumed_by())
    twice = costs_of(tmp_path / "b", [*RECORDS, *RECORDS], consumed_by())

    assert twice == once


def test_shards_are_those_that_were_open_and_records_are_charged_by_25_kb(tmp_path: Path) -> None:
    """2 open shards x 720 h; 3 records of 35 KB are 6 units, times 30."""
    body = b"x" * 35 * 1024
    records = [kinesis_record(n, body, seconds=n * DAY_S / 2) for n in range(3)]
    listed = [
        {
            "ShardId": f"shardId-00000000000{n}",
            "SequenceNumberRange": {"StartingSequenceNumber": "1"} | ended,
        }
        for n, ended in enumerate(({}, {}, {"EndingSequenceNumber": "2"}))
    ]

    costs = costs_of(
        tmp_path, records, Resource(STREAM, "list-shards", T0, json.dumps({"Shards": listed}))
    )

    assert quantities(costs, STREAM) == {"shard hours": 1440, "PUT payload units": 180}


def test_a_hole_is_no_captured_time(tmp_path: Path) -> None:
    days = [(instant(n * DAY_S), instant((n + 1) * DAY_S)) for n in range(3)]
    spans = [Span(*days[0]), Span(*days[1], cause="throttled"), Span(*days[2])]
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], clock)
    writer.append_pages([(QUEUE, page(sqs_message(1), sqs_message(2, seconds=5), spans=spans))])
    writer.close()

    with open_trace(tmp_path / "t.trace") as trace:
        [found] = cost(trace).sources

    assert found.span_s == 2 * DAY_S
    assert {term.name: term.quantity for term in found.terms}["sends"] == 30


def test_a_source_is_priced_with_the_functions_that_its_mappings_call(tmp_path: Path) -> None:
    records = [*RECORDS, kinesis_record(1), kinesis_record(2, seconds=DAY_S)]

    costs = costs_of(tmp_path, records, consumed_by(), source="sqs:orders")

    assert [source.source_arn for source in costs.sources] == [LOG_GROUP, QUEUE]


def test_one_instant_makes_no_month_and_a_minute_a_doubtful_one(tmp_path: Path) -> None:
    instant_only = costs_of(tmp_path / "a", [sqs_message(1)])
    minute = costs_of(tmp_path / "b", [sqs_message(1), sqs_message(2, seconds=60)])

    assert instant_only.total.unknown == ("sqs:orders all",)
    assert minute.sources[0].notes == ("a month reckoned from 60 s: too short to stand for one",)


def test_another_regions_prices_are_not_known_until_they_are_given(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        f"{','.join(COLUMNS)}\nsqs,request,eu-west-1,standard,0.8,usd_per_million,,,x,\n", "utf-8"
    )

    with write_trace(tmp_path / "t.trace", MESSAGES) as trace:
        here = cost(trace)
        there = cost(trace, region="eu-west-1")
        given = cost(trace, region="eu-west-1", own_prices=own)

    assert there.total.cost == 0
    assert len(there.total.unknown) == 4
    assert given.total.cost == pytest.approx(2 * here.total.cost)


def test_the_document_and_the_frame_hold_every_term_and_the_sum(tmp_path: Path) -> None:
    costs = costs_of(tmp_path, RECORDS, consumed_by())

    document, frame = costs.document(), costs.to_frame()

    told = [term for source in document["sources"] for term in source["terms"]]
    assert frame.height == len(told)
    assert document["cost_per_month"] == pytest.approx(frame["cost"].sum())
    assert document["cost_per_month"] == pytest.approx(sum(term["cost"] for term in told))
    assert [source["span_ms"] for source in document["sources"]] == [86_400_000, 86_400_000]
    assert set(told[0]) == {"name", "quantity", "unit", "price", "cost", "note"}


def test_a_trace_without_traffic_is_refused(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "t.trace", "capture", ["test"], clock).close()

    with open_trace(tmp_path / "t.trace") as trace, pytest.raises(UsageError, match="found none"):
        cost(trace)
