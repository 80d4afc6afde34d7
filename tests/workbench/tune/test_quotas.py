"""Quotas: what AWS allowed on a day, from 2016 to now."""

from datetime import date

import pytest

from workbench.tune.quotas import quotas

MIB = 1024 * 1024
IN_2016, NOW = date(2016, 12, 1), date(2026, 11, 20)


@pytest.mark.parametrize(
    ("service", "name", "mode", "in_2016", "now"),
    [
        ("lambda", "memory_max", "", 1536, 10_240),
        ("lambda", "memory_step", "", 64, 1),
        ("lambda", "timeout_max", "", 300, 900),
        ("lambda", "billing_step", "", 100, 1),
        ("lambda", "init_billed", "zip", 0, 1),
        ("lambda", "concurrency_account", "", 100, 1000),
        ("lambda", "payload_sync", "", 6 * MIB, 6 * MIB),
        ("lambda", "payload_async", "", 128 * 1024, MIB),
        ("lambda", "esm_sqs_concurrency_max", "", None, 1250),
        ("lambda", "esm_sqs_concurrency_added_per_minute", "", None, 300),
        ("sqs", "message_size_max", "", MIB // 4, MIB),
        ("sqs", "retention_max", "", 1_209_600, 1_209_600),
        ("sqs", "in_flight_max", "fifo", 20_000, 120_000),
        ("sqs", "in_flight_max", "standard", 120_000, 120_000),
        ("sns", "message_size_default", "", MIB // 4, MIB // 4),
        ("sns", "message_size_max", "", MIB // 4, MIB),
        ("kinesis", "shard_write_records_per_second", "", 1000, 1000),
        ("kinesis", "shard_write_bytes_per_second", "", MIB, MIB),
        ("kinesis", "shard_read_calls_per_second", "", 5, 5),
        ("kinesis", "retention_max", "", 604_800, 31_536_000),
        ("kinesis", "shards_account", "", 500, 20_000),
        ("kinesis", "update_shard_count_per_24_h", "", 2, 10),
        ("logs", "event_size_max", "", MIB // 4, MIB),
    ],
)
def test_a_quota_was_another_in_2016(
    service: str, name: str, mode: str, in_2016: float | None, now: float
) -> None:
    assert quotas().value(service, name, IN_2016, mode) == in_2016
    assert quotas().value(service, name, NOW, mode) == now


@pytest.mark.parametrize(
    ("name", "mode", "changed", "before", "since"),
    [
        ("timeout_max", "", date(2018, 10, 11), 300, 900),
        ("memory_max", "", date(2017, 11, 30), 1536, 3008),
        ("memory_max", "", date(2020, 12, 1), 3008, 10_240),
        ("init_billed", "zip", date(2025, 8, 1), 0, 1),
        ("esm_sqs_concurrency_max", "", date(2023, 11, 26), 1000, 1250),
        ("esm_sqs_concurrency_added_per_minute", "", date(2023, 11, 26), 60, 300),
        ("esm_batch_size_max", "sqs_standard", date(2020, 11, 25), 10, 10_000),
    ],
)
def test_a_quota_changes_on_its_day(
    name: str, mode: str, changed: date, before: float, since: float
) -> None:
    eve = date.fromordinal(changed.toordinal() - 1)

    assert quotas().value("lambda", name, eve, mode) == before
    assert quotas().value("lambda", name, changed, mode) == since


@pytest.mark.parametrize("mode", ["aws_endpoint", "customer_endpoint"])
def test_the_retries_of_a_topic_add_up(mode: str) -> None:
    phases = (
        "retries_immediate",
        "retries_before_backoff",
        "retries_in_backoff",
        "retries_after_backoff",
    )

    told = [quotas().value("sns", name, NOW, mode) for name in (*phases, "retries_max")]

    assert sum(told[:-1]) == told[-1]  # type: ignore[arg-type]


def test_a_day_that_is_remembered_says_so() -> None:
    for name in ("message_size_max", "in_flight_max"):
        row = quotas().row("sqs", name, NOW, "fifo")
        assert row is not None
        assert row.confidence == "remembered"
