"""Charts fetch nothing, show what they were given, and say in words what they show."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import polars as pl
import pytest

from connectors.record import Cause
from workbench.charts import (
    WIDTH,
    Drawn,
    coverage_bar,
    description,
    findings_chart,
    shard_load,
    timeline,
    to_svg,
)

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOSTILE = "arn:aws:sqs:us-east-1:1:</script><script>alert(1)</script>\u202e<img src=http://x.test/>"
NAMES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
"""Namespaces: names that look like addresses and are never fetched."""


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def deliveries(*sources: str | None) -> pl.DataFrame:
    rows = [
        {"source_arn": arn, "from_at": at(n), "to_at": at(n + 1), "deliveries": 3}
        for arn in sources
        for n in range(4)
    ]
    return pl.DataFrame(rows, schema_overrides={"source_arn": pl.String})


def coverage(partitions: int, holes: int, source: str = HOSTILE) -> pl.DataFrame:
    rows = [
        {"source_arn": source, "partition_id": f"p-{n:03d}", "from_at": at(0), "to_at": at(60)}
        | ({"state": "hole", "cause": "trimmed"} if n < holes else {"state": "read", "cause": None})
        for n in range(partitions)
    ]
    return pl.DataFrame(rows, schema_overrides={"cause": pl.String})


def findings(count: int = 3, source: str = HOSTILE) -> pl.DataFrame:
    return pl.DataFrame({"kind": ["redelivery"], "source_arn": [source], "count": [count]})


def load(shards: int, seconds: int, share: float = 0.5) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"shard": f"shardId-{s:012d}", "second": at(n), "records": 1, "bytes": 1}
            | {"share_of_limit": share if (s, n) == (1, 7) else 0.1}
            for s in range(shards)
            for n in range(seconds)
        ]
    )


CHARTS: dict[str, Callable[[], Drawn]] = {
    "timeline": lambda: timeline(deliveries(HOSTILE, None)),
    "coverage": lambda: coverage_bar(coverage(3, 1)),
    "findings": lambda: findings_chart(findings()),
    "load": lambda: shard_load(load(3, 20, 1.2)),
    "no deliveries": lambda: timeline(deliveries().clear()),
    "no coverage": lambda: coverage_bar(coverage(1, 0).clear()),
    "no findings": lambda: findings_chart(findings().clear()),
    "no load": lambda: shard_load(load(1, 1).clear()),
}


def text_of(svg: str) -> str:
    return " ".join(
        "".join(node.itertext())
        for node in ElementTree.fromstring(svg).iter()
        if node.tag.endswith("text")
    )


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_names_nothing_that_could_be_fetched_and_runs_nothing(name: str) -> None:
    chart = CHARTS[name]()
    spec = chart.to_dict()
    schema = spec.pop("$schema")
    svg = to_svg(chart)
    elements = {node.tag.rpartition("}")[2] for node in ElementTree.fromstring(svg).iter()}
    attributes = {key for node in ElementTree.fromstring(svg).iter() for key in node.attrib}

    assert schema.startswith(
        "https://vega.github.io/schema/"
    )  # a name: the drawing has its schema built in
    assert '"url"' not in json.dumps(spec)
    assert set(re.findall(r"https?://[^\s\"'<>&]+", svg.replace("http://x.test/", ""))) <= NAMES
    assert elements <= {
        "svg",
        "g",
        "path",
        "text",
        "line",
        "rect",
        "defs",
        "linearGradient",
        "stop",
    }
    assert not {key for key in attributes if key.startswith("on") or key.endswith("href")}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_says_in_words_what_it_shows_on_a_page_of_any_colour(name: str) -> None:
    chart = CHARTS[name]()

    assert description(chart).endswith(".")
    assert chart.to_dict()["background"] == "transparent"


def test_names_of_sources_are_drawn_with_every_character_visible() -> None:
    svg = to_svg(timeline(deliveries(HOSTILE)))

    assert "\\u202e" in description(timeline(deliveries(HOSTILE)))
    assert "\u202e" not in svg


def test_the_timeline_has_a_bar_for_each_bucket_and_a_lane_for_each_source() -> None:
    chart = timeline(deliveries("arn:aws:sqs:us-east-1:1:orders", None))
    svg = to_svg(chart)

    assert svg.count('aria-roledescription="bar"') == 8
    assert {"sqs:orders", "others"} <= set(text_of(svg).split())
    assert description(chart).endswith("sqs:orders 12; others 12.")


def test_a_hole_is_told_by_a_mark_and_a_word_and_not_by_colour_alone() -> None:
    with_hole, without = to_svg(coverage_bar(coverage(2, 1))), to_svg(coverage_bar(coverage(2, 0)))

    assert "hole: trimmed" in text_of(with_hole)
    assert with_hole.count('aria-roledescription="point"') == 1
    assert "hole: trimmed" not in text_of(without)
    assert without.count('aria-roledescription="point"') == 0


def test_what_was_sealed_is_told_by_its_core_and_a_word_and_not_by_colour_alone() -> None:
    read = coverage(1, 0)
    sealed = read.with_columns(state=pl.lit("sealed"))

    assert to_svg(coverage_bar(sealed)).count('aria-roledescription="bar"') == 2
    assert to_svg(coverage_bar(read)).count('aria-roledescription="bar"') == 1
    assert {"sealed", "read", "assumed", "hole"} <= set(
        text_of(to_svg(coverage_bar(sealed))).split()
    )


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_of_a_hole_is_named(cause: Cause) -> None:
    holed = coverage(1, 1).with_columns(cause=pl.lit(str(cause)))

    assert f"hole: {cause}" in text_of(to_svg(coverage_bar(holed)))


def test_lanes_beyond_those_drawn_are_counted_with_their_holes() -> None:
    assert "and 10 more, 5 of them with holes" in text_of(to_svg(coverage_bar(coverage(40, 35))))
    assert "more" not in text_of(to_svg(coverage_bar(coverage(30, 1))))


def test_findings_show_their_count() -> None:
    svg = to_svg(findings_chart(findings(12_345, "arn:aws:sqs:us-east-1:1:orders")))

    assert "redelivery in sqs:orders" in text_of(svg)
    assert "12,345" in text_of(svg)


def test_seconds_over_the_limit_are_crossed_and_counted() -> None:
    over, under = shard_load(load(3, 20, 1.2)), shard_load(load(3, 20, 1.0))

    assert to_svg(over).count('aria-roledescription="point"') == 1
    assert to_svg(under).count('aria-roledescription="point"') == 0
    assert description(over).endswith("120% of the limit at the peak, 1 second over it.")


def test_a_long_load_of_many_shards_is_drawn_within_altairs_5000_rows() -> None:
    chart = shard_load(load(40, 400, 1.5))
    svg = to_svg(chart)

    assert "and 10 more, 0 of them with seconds over the limit" in text_of(svg)
    assert svg.count('aria-roledescription="point"') == 1


def test_an_instant_is_drawn_where_utc_has_it_whatever_zone_it_comes_in() -> None:
    frame = deliveries("arn:aws:sqs:us-east-1:1:orders")
    elsewhere = frame.with_columns(
        pl.col("from_at", "to_at").dt.convert_time_zone("America/New_York")
    )

    assert to_svg(timeline(elsewhere)) == to_svg(timeline(frame))
    assert "10:00:00" in text_of(to_svg(timeline(frame)))


@pytest.mark.parametrize("name", ["timeline", "coverage", "load"])
def test_every_axis_of_time_is_utc_whatever_the_zone_of_the_machine(name: str) -> None:
    spec = json.dumps(CHARTS[name]().to_dict())
    axes = re.findall(r'"scale": {[^}]*}[^}]*"type": "temporal"', spec)

    assert axes
    assert all('"type": "utc"' in axis for axis in axes)


@pytest.mark.parametrize("seconds", [0.05, 1, 3, 9, 11, 100, 500])
def test_a_label_of_the_axis_stands_at_the_instant_that_it_names(seconds: float) -> None:
    rows = [
        {"source_arn": "arn:aws:sqs:us-east-1:1:orders", "deliveries": 1}
        | {"from_at": start, "to_at": start + timedelta(milliseconds=1)}
        for start in (T0, at(seconds))
    ]
    svg = to_svg(timeline(pl.DataFrame(rows)))
    labels = re.findall(
        r"translate\(([\d.]+),[\d.]+\)\"[^>]*>10:(\d\d):(\d\d(?:\.\d+)?)</text>", svg
    )
    width = seconds + 0.001

    assert labels
    for x, minutes, rest in labels:
        assert float(x) == pytest.approx(WIDTH * (60 * int(minutes) + float(rest)) / width, abs=1)
