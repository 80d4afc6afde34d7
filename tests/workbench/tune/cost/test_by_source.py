"""From what a source carried to its terms, service by service; estimates and assumptions are said."""

from collections import Counter
from datetime import date
from typing import Any

import pytest

from tests.factories import LOG_GROUP, QUEUE, STREAM, TABLE_STREAM, TOPIC
from workbench.tune.cost.by_source import Captured, Priced, priced_source
from workbench.tune.cost.settings import Consumer, Function, Settings, Stream
from workbench.tune.cost.terms import GIB, Rates
from workbench.tune.prices import prices
from workbench.tune.quotas import quotas

CARRIED = {
    "records": 1000, "moved": 0, "bytes": GIB, "chunks": 2000, "grouped_chunks": 0, "put_units": 5000,
    "rounded_bytes": 2 * GIB, "receipts": 1500, "received_bytes": 0, "partitions": 3,
}  # fmt: skip
CHARGED = {
    "invocations": 100, "without_duration": 2, "observed_s": 10.0, "observed_gb_s": 5.0, "plain_s": 20.0,
    "plain_gb_s": 10.0, "with_init_s": 30.0, "with_init_gb_s": 15.0,
}  # fmt: skip
MAPPED = (Consumer(LOG_GROUP, None),)


def captured(arn: str, scale: float | None = 10.0, **carried: Any) -> Captured:
    told = CARRIED | carried
    return Captured(
        arn,
        scale,
        {"received_chunks": told["receipts"]} | told,
        CHARGED if arn == LOG_GROUP else None,
    )


def priced(
    own: Captured,
    settings: Settings | None = None,
    *,
    at: date = date(2026, 11, 20),
    is_observed: bool = True,
) -> Priced:
    every = {own.source_arn: own, LOG_GROUP: captured(LOG_GROUP)}
    rates = Rates(prices(), at)
    return priced_source(
        own, every, settings or Settings(), rates, quotas(), is_observed=is_observed
    )


def named(found: Priced) -> dict[str, float | None]:
    return {term.name: term.quantity for term in found[0]}


def test_a_queues_calls_are_its_functions_invocations_within_what_ten_messages_a_call_allow() -> (
    None
):
    """1,000 invocations a month, at least a tenth of the receipts, at most one call a receipt."""
    settings = Settings(consumers={QUEUE: MAPPED})

    assert named(priced(captured(QUEUE), settings))["receives"] == 1500
    assert named(priced(captured(QUEUE, receipts=5_000), settings))["receives"] == 5_000
    assert named(priced(captured(QUEUE, receipts=50), settings))["receives"] == 500
    assert named(priced(captured(QUEUE), settings))["deletes"] == 1500


def test_provisioned_pollers_ask_and_are_charged() -> None:
    found = named(priced(captured(QUEUE), Settings(consumers={QUEUE: (Consumer(LOG_GROUP, 20),)})))

    assert found["provisioned pollers"] == 20 * 720
    assert found["empty receives"] == 20 * 129_600 - 1500


def test_what_sqs_moved_to_a_dead_letter_queue_is_said_and_not_deleted_by_anyone() -> None:
    found = priced(captured(QUEUE, moved=1000, chunks=0, receipts=0))

    assert named(found)["sends"] == named(found)["deletes"] == 0
    assert "1000 captured messages were moved here by SQS" in found[1][0]


def test_a_busy_queue_has_no_empty_receives_below_zero() -> None:
    found = named(priced(captured(QUEUE, receipts=10**8), Settings(consumers={QUEUE: MAPPED})))

    assert found["empty receives"] == 0


def test_every_subscription_gets_every_message() -> None:
    found = named(priced(captured(TOPIC), Settings(protocols={TOPIC: Counter(https=2, sqs=1)})))

    assert found == {"publishes": 20_000, "deliveries https": 40_000, "deliveries sqs": 20_000}


def test_a_stream_that_is_not_known_is_provisioned_and_says_that_this_is_assumed() -> None:
    found = priced(captured(STREAM))

    assert named(found) == {"shard hours": 2160, "PUT payload units": 50_000}
    assert any("assumed provisioned" in note for note in found[1])


def test_what_is_kept_longer_is_charged_by_the_time_it_lies_there() -> None:
    """10 GB a month: beyond 24 h lie 6 of 30 days, beyond 7 days another 23."""
    kept = Settings(
        streams={STREAM: Stream("ON_DEMAND", 720, True)}, consumers={STREAM: MAPPED * 2}
    )

    found = named(priced(captured(STREAM), kept))

    assert found == {
        "stream hours": 720,
        "data in": 20,
        "data out": 20,
        "retention beyond 24 h": pytest.approx(10 * 6 / 30),
        "retention beyond 7 d": pytest.approx(10 * 23 / 30),
    }


def test_a_table_streams_reads_are_free_to_lambda_and_unknown_of_others() -> None:
    assert named(priced(captured(TABLE_STREAM), Settings(consumers={TABLE_STREAM: MAPPED}))) == {
        "stream reads": 0
    }
    assert named(priced(captured(TABLE_STREAM))) == {"stream reads": None}


@pytest.mark.parametrize(
    ("at", "is_observed", "packaging", "gb_seconds"),
    [
        (date(2026, 1, 1), True, "zip", 50),
        (date(2026, 1, 1), False, "zip", 150),
        (date(2025, 7, 31), False, "zip", 100),
        (date(2025, 7, 31), False, "image", 150),
    ],
)
def test_a_functions_duration_follows_its_reports_or_a_days_rules(
    at: date, is_observed: bool, packaging: str, gb_seconds: float
) -> None:
    settings = Settings(functions={"/aws/lambda/charge": Function("arm64", packaging, 1536, True)})

    found = priced(captured(LOG_GROUP), settings, at=at, is_observed=is_observed)

    assert named(found)["duration"] == gb_seconds
    assert named(found)["ephemeral storage"] == 2 * gb_seconds
    assert found[0][1].price == pytest.approx(0.0000133334)
    assert "2 invocations logged no duration or memory: requests only" in found[1]


def test_a_log_group_of_no_function_is_lines_only() -> None:
    plain = "arn:aws:logs:us-east-1:111111111111:log-group:/web"
    cheap = Settings(infrequent=frozenset({"/web"}))

    [dear], [half] = (priced(captured(plain), each)[0] for each in (Settings(), cheap))

    assert dear.quantity == half.quantity == 10
    assert (dear.price, half.price) == (0.5, 0.25)


def test_a_source_without_a_price_has_no_terms_and_an_instant_no_month() -> None:
    workflow = priced(captured("arn:aws:swf:us-east-1:111111111111:/domain/orders"))
    at_once = priced(captured(QUEUE, scale=None))

    assert workflow == ((), ())
    assert [(term.name, term.cost) for term in at_once[0]] == [("all", None)]
