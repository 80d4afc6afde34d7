"""Frames made fit to draw lose nothing that matters."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from workbench.views.drawable import bounds, coverage_lanes, lanes_of, worst_seconds

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
QUEUE = "arn:aws:sqs:us-east-1:111111111111:orders"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def spans(*rows: tuple[str, float, float, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "source_arn": QUEUE,
                "partition_id": partition,
                "from_at": at(start),
                "to_at": at(end),
                "state": state,
                "cause": "trimmed" if state == "hole" else None,
            }
            for partition, start, end, state in rows
        ],
        schema_overrides={"cause": pl.String},
    )


def test_lanes_with_holes_come_first() -> None:
    lanes = coverage_lanes(
        spans(("a", 0, 9, "read"), ("b", 0, 4, "read"), ("b", 4, 9, "hole")), None
    )

    assert lanes.filter(pl.col("rank") == 0)["lane"].unique().to_list() == ["sqs:orders b"]
    assert lanes.filter(pl.col("state") == "hole")["said"].to_list() == ["hole: trimmed"]


def test_a_hole_outside_of_the_stretch_of_interest_is_never_cut_off() -> None:
    lanes = coverage_lanes(spans(("a", -99, -90, "hole"), ("a", -90, 99, "read")), (at(0), at(9)))

    assert bounds(lanes, "from_at", "to_at") == (at(-99), at(9))


def test_coverage_that_reaches_far_out_is_cut_to_the_stretch_of_interest() -> None:
    lanes = coverage_lanes(spans(("a", -3600, 3600, "read")), (at(0), at(9)))

    assert bounds(lanes, "from_at", "to_at") == (at(0), at(9))


def test_a_lane_that_lies_outside_of_the_stretch_of_interest_is_still_there() -> None:
    lanes = coverage_lanes(spans(("a", 0, 9, "read"), ("b", 50, 60, "read")), (at(0), at(9)))

    assert set(lanes["lane"]) == {"sqs:orders a", "sqs:orders b"}
    assert lanes["to_at"].max() == at(50)


def test_sources_of_one_name_are_told_apart_by_their_arns() -> None:
    other = QUEUE.replace("us-east-1", "eu-west-1")

    assert lanes_of(pl.Series([QUEUE, other, QUEUE])).to_list() == [QUEUE, other, QUEUE]
    assert lanes_of(pl.Series([QUEUE, None, QUEUE])).to_list() == ["sqs:orders", None, "sqs:orders"]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 5_000), st.floats(0, 3)),
        min_size=1,
        max_size=60,
    ),
    st.integers(2, 40),
)
def test_thinning_keeps_each_shards_peak_in_the_stretch_that_has_it(
    loads: list[tuple[str, int, float]], most_cells: int
) -> None:
    load = pl.DataFrame(
        [{"shard": shard, "second": at(s), "share_of_limit": share} for shard, s, share in loads]
    )
    cells = worst_seconds(load, most_cells)

    assert len(cells) <= most_cells
    for shard, second, share in load.iter_rows():
        around = cells.filter(
            pl.col("shard") == shard, pl.col("from_at") <= second, pl.col("to_at") > second
        )
        assert around["share"].item() >= share
    assert cells["share"].max() == load["share_of_limit"].max()
