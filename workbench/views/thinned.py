"""Long frames made short enough to draw; what matters in a stretch stands for the stretch, never its average alone."""

from datetime import timedelta
from typing import cast

import polars as pl

from workbench.views.drawable import bounds


def stretched(frame: pl.DataFrame, at: str, most: int) -> pl.DataFrame:
    """The frame with `from_at` and `to_at` of the stretch that each row is in; at most `most` stretches.

    Where the rows are few, a stretch is the least distance of two of them, so that buckets stay what they are.

    Args:
        frame: rows with the instant `at`; at least one.
        at: name of the column.
        most: most stretches.
    """
    first, last = bounds(frame, at, at)
    apart = frame.select(pl.col(at).unique().sort().diff().min()).item()
    long = cast(timedelta, apart) if apart is not None else timedelta(seconds=1)
    if (last - first) // long >= most:
        long = (last - first) / most + timedelta(microseconds=1)
    long_us = long // timedelta(microseconds=1)
    past_us = (pl.col(at) - first).dt.total_microseconds() // long_us * long_us
    from_at = pl.lit(first) + pl.duration(microseconds=past_us)
    return frame.with_columns(from_at=from_at, to_at=from_at + pl.duration(microseconds=long_us))


def stretch_s(stretches: pl.DataFrame) -> float:
    """How long a stretch is, in seconds; all of a frame are of one length."""
    first = stretches.row(0, named=True)
    return cast(timedelta, first["to_at"] - first["from_at"]).total_seconds()


def worst_ages(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """Ages over time, at most `most` instants of each series: the oldest of each stretch.

    Args:
        frame: `at`, `p50_age_s`, `p99_age_s`, `series`; at least one row.
        most: most instants.

    Returns:
        `series`, `from_at`, `to_at`, `p50_age_s`, `p99_age_s`, sorted.
    """
    return (
        stretched(frame, "at", most)
        .group_by("series", "from_at", "to_at")
        .agg(pl.col("p50_age_s", "p99_age_s").max())
        .sort("series", "from_at")
    )


def summed(frame: pl.DataFrame, most: int, *counts: str) -> pl.DataFrame:
    """Counts over time, at most `most` stretches, each with its sums.

    Args:
        frame: `at` and the counts; at least one row.
        most: most stretches.
        counts: names of the columns to add up.

    Returns:
        `from_at`, `to_at` and the counts, sorted.
    """
    groups = stretched(frame, "at", most).group_by("from_at", "to_at")
    return groups.agg(pl.col(*counts).sum()).sort("from_at")


def in_columns(frame: pl.DataFrame, width: int, *columns: str) -> pl.DataFrame:
    """One row of those that a picture `width` wide would draw at one place of a logarithmic axis: the first.

    Args:
        frame: rows in their order.
        width: places of the picture.
        columns: the first is the place, at least 0; rows that differ in another one are not drawn as one.
    """
    at, *others = columns
    spread = (pl.col(at).max() + 2).log()
    place = ((pl.col(at) + 1).log() / spread * width).floor()
    placed = frame.with_columns(place=place)
    return placed.unique(["place", *others], keep="first", maintain_order=True).drop("place")


def in_bins(frame: pl.DataFrame, most: int) -> tuple[pl.DataFrame, int]:
    """Shares of sizes in at most `most` bins of one width.

    Args:
        frame: `records` (a size), `share`, `series`; at least one row.
        most: most bins.

    Returns:
        `series`, `records` (the least of the bin), `share`, sorted; and the width of a bin.
    """
    low, high = cast(
        tuple[int, int], frame.select(pl.col("records").min(), high=pl.col("records").max()).row(0)
    )
    width = -(-(high - low + 1) // most)
    first = (pl.col("records") - low) // width * width + low
    binned = frame.group_by("series", first.alias("records")).agg(pl.col("share").sum())
    return binned.sort("series", "records"), width
