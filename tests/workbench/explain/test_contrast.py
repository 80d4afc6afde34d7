"""What differs between records: found where it was planted, silent where chance made it."""

import random
from pathlib import Path

import polars as pl
import pytest

from tests.factories import LOG_GROUP, QUEUE, log_event, sqs_message, write_trace
from workbench.errors import UsageError
from workbench.explain.contrast import contrast
from workbench.findings import find
from workbench.trace import Trace


def orders(count: int, seed: int = 1) -> list[dict[str, object]]:
    chance = random.Random(seed)
    return [
        {
            "id": f"order-{n}",
            "tier": chance.choice(["gold", "silver", "bronze"]),
            "amount": chance.randrange(1, 1_000),
            "items": [{"sku": chance.choice("abcdef")}],
            "gift": chance.random() < 0.3,
        }
        for n in range(count)
    ]


def differing(found: pl.DataFrame) -> list[str]:
    return found.filter(pl.col("differs"))["dimension"].to_list()


@pytest.fixture
def slow_gold(tmp_path: Path) -> Trace:
    """Gold orders, and only they, are delivered again; theirs are dear, too."""
    records = []
    for number, order in enumerate(orders(400)):
        gold = order["tier"] == "gold"
        if gold:
            order["amount"] = 2_000 + number
        records.append(sqs_message(number, order, seconds=number))
        if gold:
            records.append(sqs_message(number, order, seconds=number, receive_count=2))
    return write_trace(tmp_path / "t.trace", records)


def test_the_field_that_sets_the_selection_apart_comes_first(slow_gold: Trace) -> None:
    redelivered = "record_id in (select record_id from records where receive_count > 1)"

    found = contrast(slow_gold, redelivered, thresholds={"least_effect": 0.2})

    assert set(differing(found)[:4]) == {"$.tier", "$.amount", "receive_count", "body_bytes"}
    tier = found.row(by_predicate=pl.col("dimension") == "$.tier", named=True)
    assert (tier["value"], tier["selection_share"], tier["baseline_share"]) == ("gold", 1.0, 0.0)
    amount = found.row(by_predicate=pl.col("dimension") == "$.amount", named=True)
    assert amount["effect"] == 1.0
    assert amount["selection_median"] > amount["baseline_median"]
    assert "$.gift" not in differing(found)
    assert "$.id" not in differing(found)


def test_a_finding_is_a_selection(slow_gold: Trace) -> None:
    (finding,) = [each for each in find(slow_gold) if each.kind == "redelivery"]

    found = contrast(slow_gold, finding)

    assert "$.tier" in differing(found)
    assert found["selection_records"].max() == finding.count


def test_two_halves_of_one_traffic_do_not_differ(tmp_path: Path) -> None:
    said = 0
    for seed in range(10):
        records = [sqs_message(n, order, seconds=n) for n, order in enumerate(orders(300, seed))]
        with write_trace(tmp_path / f"{seed}.trace", records) as trace:
            said += len(differing(contrast(trace, "hash(record_id) % 2 = 0")))

    assert said == 0


def test_a_field_that_is_missing_counts_as_absent(tmp_path: Path) -> None:
    records = [
        sqs_message(n, {"id": n} if n % 3 == 0 else {"id": n, "coupon": "SUMMER"})
        for n in range(90)
    ]
    with write_trace(tmp_path / "t.trace", records) as trace:
        found = contrast(trace, "field(body, '$.coupon') is null")

    coupon = found.row(by_predicate=pl.col("dimension") == "$.coupon", named=True)
    assert (coupon["differs"], coupon["selection_share"]) in [(True, 1.0), (True, 0.0)]


def test_the_version_that_had_the_message_is_a_dimension(tmp_path: Path) -> None:
    records = []
    for number in range(60):
        message = sqs_message(number, {"n": number % 7}, seconds=number)
        version = "7" if number % 3 == 0 else "8"
        request = f"00000000-0000-4000-9000-{number:012d}"
        lines = [
            f"START RequestId: {request} Version: {version}\n",
            f"[INFO]\t2026-11-20T10:00:00.000Z\t{request}\tgot {message.record_id}\n",
            f"END RequestId: {request}\n",
            f"REPORT RequestId: {request}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\n",
        ]
        stream = f"2026/11/20/[{version}]0123456789abcdef"
        records += [message] + [
            log_event(4 * number + place, line, seconds=number + 1, log_stream=stream)
            for place, line in enumerate(lines)
        ]
    with write_trace(tmp_path / "t.trace", records) as trace:
        assert trace.sql("select count(*) from handlings").item() == 60
        ids = [f"00000000-0000-4000-8000-{n:012d}" for n in range(0, 60, 3)]
        found = contrast(
            trace,
            f"source_arn = '{QUEUE}' and record_id in ({', '.join(map(repr, ids))})",
            f"source_arn = '{QUEUE}'",
        )

    assert "function version" in differing(found)
    assert LOG_GROUP not in found["value"].to_list()


def test_an_empty_side_gets_a_clear_word(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", [sqs_message(1)]) as trace:
        with pytest.raises(UsageError, match="found none for receive_count > 9"):
            contrast(trace, "receive_count > 9")
        with pytest.raises(UsageError, match="found none; name a baseline"):
            contrast(trace, "receive_count = 1")
        with pytest.raises(UsageError, match="DuckDB does not accept"):
            contrast(trace, "no_such_column > 9")
