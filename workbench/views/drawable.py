"""Frames made fit to draw: lanes named and ranked, spans cut to what is of interest, long loads thinned."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

import polars as pl

from workbench.markup import visible
from workbench.trace.sources import source_name

MOST_COLUMNS = 300


def lanes_of(arns: pl.Series) -> pl.Series:
    """The sources' short names, every character of them visible; the ARN where two sources have one name."""
    sources_of = Counter(source_name(arn) for arn in arns.unique().drop_nulls())
    return _spelled(
        arns, lambda arn: visible(arn if sources_of[source_name(arn)] > 1 else source_name(arn))
    )


def shown(texts: pl.Series) -> pl.Series:
    """The texts with every character of them visible."""
    return _spelled(texts, visible)


def _spelled(texts: pl.Series, spell: Callable[[str], str]) -> pl.Series:
    return pl.Series(
        texts.name, [None if text is None else spell(text) for text in texts], pl.String
    )


def bounds(frame: pl.DataFrame, first: str, last: str) -> tuple[datetime, datetime]:
    """The earliest instant of one column and the latest of another; the frame has rows."""
    return cast(datetime, frame[first].min()), cast(datetime, frame[last].max())


def coverage_lanes(
    coverage: pl.DataFrame, within: tuple[datetime, datetime] | None
) -> pl.DataFrame:
    """Spans with the name of their lane and its place: lanes with holes first, then as they come.

    Args:
        coverage: what `Trace.coverage` returns, at least one row.
        within: coverage that reaches out of this stretch is cut off; a hole never is, nor the whole of a lane.

    Returns:
        The spans, cut, with `lane`, `rank` (0 is the uppermost), `holed` (the lane has a hole), `said` (the cause).
    """
    names = coverage.select(
        lanes_of(coverage["source_arn"]), shown(coverage["partition_id"])
    ).select(pl.concat_str("source_arn", "partition_id", separator=" ").str.strip_chars())
    causes = shown(coverage["cause"]).fill_null("unknown")
    spans = (
        coverage.with_columns(
            lane=names.to_series(),
            said="hole: " + causes,
            holed=(pl.col("state") == "hole").any().over("source_arn", "partition_id"),
        )
        .sort("holed", descending=True, maintain_order=True)
        .with_columns(rank=pl.col("lane").rle_id())
    )
    low, high = _in_sight(spans, within or bounds(spans, "from_at", "to_at"))
    return spans.with_columns(
        from_at=pl.col("from_at").clip(low, high), to_at=pl.col("to_at").clip(low, high)
    )


def _in_sight(spans: pl.DataFrame, within: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """What was asked for, every hole, and something of each lane."""
    lanes = spans.group_by("lane").agg(pl.col("from_at").min(), pl.col("to_at").max())
    starts, ends = bounds(lanes, "to_at", "from_at")
    low, high = min(within[0], starts), max(within[1], ends, within[0] + timedelta(milliseconds=1))
    holes = spans.filter(pl.col("state") == "hole")
    if holes.is_empty():
        return low, high
    first, last = bounds(holes, "from_at", "to_at")
    return min(low, first), max(high, last)


def worst_seconds(load: pl.DataFrame, most_cells: int) -> pl.DataFrame:
    """A shard's load per second, thinned to the worst second of each stretch, so that no peak is averaged away.

    Args:
        load: `shard`, `second`, `share_of_limit`; at least one row.
        most_cells: most rows of the answer.

    Returns:
        One row per shard and stretch that has records: `shard`, `from_at`, `middle_at`, `to_at`, `share`.
    """
    first, last = bounds(load, "second", "second")
    columns = max(1, min(MOST_COLUMNS, most_cells // load["shard"].n_unique()))
    step_s = -(-(int((last - first).total_seconds()) + 1) // columns)
    stretch = (pl.col("second") - first).dt.total_seconds() // step_s * step_s
    from_at = pl.lit(first) + pl.duration(seconds=stretch)
    return (
        load.with_columns(shown(load["shard"]))
        .group_by("shard", from_at.alias("from_at"))
        .agg(pl.col("share_of_limit").max().alias("share"))
        .with_columns(
            middle_at=pl.col("from_at") + pl.duration(milliseconds=step_s * 500),
            to_at=pl.col("from_at") + pl.duration(seconds=step_s),
        )
        .sort("shard", "from_at")
    )
