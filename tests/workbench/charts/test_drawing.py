"""A chart fetches nothing, runs nothing, and says in words what it shows."""

import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tests.workbench.charts.frames import HOSTILE, coverage, deliveries, findings, load
from workbench.charts import (
    Drawn,
    coverage_bar,
    description,
    findings_chart,
    shard_load,
    timeline,
    to_svg,
)

NAMES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
"""Namespaces: names that look like addresses and are never fetched."""

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
