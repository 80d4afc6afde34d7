"""The lanes: what is drawn, what the brush selects."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.workbench.findings.traces import message, put, trace_of
from workbench.crossfilter import Clause, crossfilter
from workbench.widgets.timeline import Timeline, timeline


@pytest.fixture
def lanes(tmp_path: Path) -> Iterator[Timeline]:
    puts = [put(number, "key", {"n": number}, number) for number in range(4)]
    with trace_of(tmp_path / "x.trace", [message("m-1", {"n": 1}), *puts]) as trace:
        made = timeline(trace)
        settle(made)
        yield made
        made.close()


def settle(made: Timeline) -> None:
    """A wish may raise another."""
    for _ in range(4):
        made.settle()


def test_few_deliveries_are_drawn_one_by_one_and_it_is_said(lanes: Timeline) -> None:
    assert [(each["name"], each["deliveries"]) for each in lanes.drawn["lanes"]] == [
        ("kinesis:orders", 4),
        ("sqs:orders", 1),
    ]
    assert [len(each["marks"]) for each in lanes.drawn["lanes"]] == [4, 1]
    assert lanes.drawn["note"] == "each of the 5 deliveries is drawn"


def test_a_brush_selects_for_all_views_and_the_lanes_stay(lanes: Timeline) -> None:
    rows = lanes.trace.sql("select min(source_at) as low, max(source_at) as high from records")
    low, high = rows.row(0)

    lanes.select(low, high)  # the end is left out
    settle(lanes)

    assert lanes.trace.sql("select count(*) from selected").item() < 5
    assert "of 5 deliveries" in lanes.counts
    assert sum(each["deliveries"] for each in lanes.drawn["lanes"]) == 5


def test_others_narrow_the_lanes_and_giving_everything_back_takes_the_brush_away(
    lanes: Timeline,
) -> None:
    chosen = crossfilter(lanes.trace)
    chosen.set("other", Clause.typed("service = 'aws:sqs'"))
    lanes.select(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    settle(lanes)
    assert [each["name"] for each in lanes.drawn["lanes"]] == ["sqs:orders"]

    chosen.reset()
    settle(lanes)
    assert lanes.brush == []
    assert chosen.words() == "everything"


def test_the_frame_has_what_is_drawn_and_the_statement_the_same(lanes: Timeline) -> None:
    frame = lanes.to_frame()

    assert frame["deliveries"].sum() == 5
    assert (frame["from_at"] < frame["to_at"]).all()
    assert lanes.trace.sql(lanes.sql)["deliveries"].sum() == 5


def test_a_window_alone_is_counted(lanes: Timeline) -> None:
    low, high = lanes.whole
    lanes.window = [high, high + 1_000]
    settle(lanes)
    assert sum(each["deliveries"] for each in lanes.drawn["lanes"]) < 5
    lanes.window = [low, high]
    settle(lanes)
    assert sum(each["deliveries"] for each in lanes.drawn["lanes"]) == 5


def test_without_deliveries_it_says_so(tmp_path: Path) -> None:
    with trace_of(tmp_path / "empty.trace", []) as trace:
        made = timeline(trace)
        settle(made)
        assert made.counts == "no deliveries"
        assert made.trouble == ""
        made.close()
