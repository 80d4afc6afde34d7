"""The same data put twice into a stream, told from equal data that is meant."""

import random
from dataclasses import replace
from pathlib import Path

from tests.workbench.findings.duplicates.requests import only
from tests.workbench.findings.traces import put, trace_of
from workbench.findings import find


def test_the_same_data_and_key_under_two_sequence_numbers_is_a_retry(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace",
        [put(1, "k", {"v": 1}, 0), put(2, "k", {"v": 1}, 1), put(3, "k", {"v": 2}, 2)],
    )

    finding = only(find(trace), "producer_retry")

    assert finding.instances[0]["key"] == "k"
    assert len(finding.instances[0]["sequence_numbers"]) == 2


def test_the_same_data_under_two_keys_is_no_retry(tmp_path: Path) -> None:
    assert (
        len(find(trace_of(tmp_path / "t.trace", [put(1, "a", "x", 0), put(2, "b", "x", 1)]))) == 0
    )


def test_a_record_captured_twice_is_no_retry(tmp_path: Path) -> None:
    assert (
        len(find(trace_of(tmp_path / "t.trace", [put(1, "k", "x", 0), put(1, "k", "x", 0)]))) == 0
    )


def test_a_reshard_between_the_puts_hides_nothing(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", [put(1, "k", "x", 0), put(2, "k", "x", 4, "shard-1")])

    finding = only(find(trace), "producer_retry")

    assert trace.sql(finding.sql)["partition_id"].to_list() == ["shard-0", "shard-1"]
    assert finding.instances[0]["spread_ms"] == 4_000


def test_puts_further_apart_than_a_producer_retries_are_none(tmp_path: Path) -> None:
    puts = [put(1, "k", "x", 0), put(2, "k", "x", 10.5)]

    assert len(find(trace_of(tmp_path / "t.trace", puts))) == 0


def test_a_batch_put_again_is_a_retry_of_each_of_its_records(tmp_path: Path) -> None:
    puts = [
        put(again * 100 + n, f"k{n}", {"v": n}, 60 + again) for again in (0, 1) for n in range(50)
    ]

    finding = only(find(trace_of(tmp_path / "t.trace", puts)), "producer_retry")

    assert (finding.count, finding.confidence) == (50, 0.95)


def test_readings_of_a_sensor_that_repeat_by_themselves_are_no_retries(tmp_path: Path) -> None:
    chance = random.Random(6)
    seconds = sorted(chance.uniform(0, 3_600) for _ in range(1_000))
    puts = [
        put(n, f"sensor-{n % 10}", {"degrees": chance.randrange(15, 25)}, at)
        for n, at in enumerate(seconds)
    ]

    assert len(find(trace_of(tmp_path / "t.trace", puts), only=["producer_retry"])) == 0


def test_a_steady_beat_of_equal_data_is_no_retry(tmp_path: Path) -> None:
    puts = [put(n, "k", "alive", 5 * n) for n in range(100)]

    assert len(find(trace_of(tmp_path / "t.trace", puts), only=["producer_retry"])) == 0


def test_a_record_without_a_key_or_an_instant_harms_nobody(tmp_path: Path) -> None:
    puts = [replace(put(n, "k", "x", n), ordering_key=None) for n in (1, 2)]
    without_instant = [replace(put(n, "l", "x", n), source_at=None) for n in (3, 4)]
    trace = trace_of(tmp_path / "t.trace", [*puts, *without_instant])

    assert [each["key"] for each in only(find(trace), "producer_retry").instances] == [""]
