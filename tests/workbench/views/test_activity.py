"""Deliveries over time: few rows, and none of the deliveries lost."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.workbench.findings.traces import QUEUE, at, message, put, trace_of
from workbench.views import activity


@pytest.mark.parametrize("seconds", [0, 0.001, 1, 59, 300, 3_600, 86_400, 40_000_000])
def test_buckets_are_at_most_300_and_count_every_delivery(tmp_path: Path, seconds: float) -> None:
    records = [message(f"m{n}", {}, round(seconds * n / 499, 3)) for n in range(500)]
    with trace_of(tmp_path / "t.trace", records) as trace:
        frame = activity(trace)

    assert frame["deliveries"].sum() == 500
    assert frame["from_at"].n_unique() <= 300
    buckets = (frame["to_at"] - frame["from_at"]).unique()
    assert len(buckets) == 1
    assert frame["from_at"].min() <= at(0)
    assert frame["to_at"].max() > at(seconds)


def test_the_less_busy_of_many_sources_are_one_series(tmp_path: Path) -> None:
    records = [
        message(f"m{source}-{n}", {}, n, queue=f"{QUEUE}-{source:02d}")
        for source in range(14)
        for n in range(20 - source)
    ]
    with trace_of(tmp_path / "t.trace", records) as trace:
        totals = activity(trace).group_by("source_arn").agg(pl.col("deliveries").sum())

    assert len(totals) == 12
    assert totals.filter(pl.col("source_arn").is_null())["deliveries"].item() == 9 + 8 + 7


def test_twelve_sources_are_twelve_series(tmp_path: Path) -> None:
    records = [message(f"m{source}", {}, 0, queue=f"{QUEUE}-{source:02d}") for source in range(12)]
    with trace_of(tmp_path / "t.trace", records) as trace:
        assert activity(trace)["source_arn"].null_count() == 0


def test_a_trace_without_records_has_no_activity(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", []) as trace:
        assert activity(trace).is_empty()


def test_streams_and_queues_have_a_series_each(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", [message("m", {}), put(1, "k", {}, 0)]) as trace:
        assert sorted(activity(trace)["deliveries"]) == [1, 1]


def test_a_record_whose_service_tells_no_instant_counts_when_it_reached_us(tmp_path: Path) -> None:
    record = replace(message("m", {}), source_at=None, received_at=at(7))
    with trace_of(tmp_path / "t.trace", [record]) as trace:
        (row,) = activity(trace).to_dicts()

    assert row["from_at"] <= at(7) < row["to_at"] <= at(7) + timedelta(seconds=1)
