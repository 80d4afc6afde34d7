"""A chart fetches nothing, runs nothing, and says in words what it shows."""

import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tests.workbench.charts.frames import HOSTILE, coverage, deliveries, findings, load
from tests.workbench.charts.tuned_frames import (
    SEVERAL,
    THREE,
    ages,
    answers,
    candidate,
    candidates,
    cuts,
    load_by_hash,
    predictions,
    schedule,
    sizes,
)
from workbench.charts import (
    Drawn,
    age_over_time,
    batch_sizes,
    coverage_bar,
    description,
    findings_chart,
    pareto,
    redelivery,
    retry_schedule,
    shard_layouts,
    shard_load,
    throttled,
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
    "layouts": lambda: shard_layouts(load_by_hash(hot=1.3), cuts(**THREE)),
    "trade-off": lambda: pareto(candidates(*SEVERAL, candidate(5, 1.0, label=HOSTILE))),
    "ages": lambda: age_over_time(ages(30, "observed", HOSTILE)),
    "attempts": lambda: retry_schedule(schedule((HOSTILE, 3, 1.0))),
    "visibility": lambda: redelivery(predictions()),
    "throttle": lambda: throttled(answers()),
    "batches": lambda: batch_sizes(sizes(10, "observed", HOSTILE)),
    "no layouts": lambda: shard_layouts(load_by_hash().clear(), cuts()),
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


@pytest.mark.parametrize("name", CHARTS)
def test_no_chart_has_more_rows_than_altair_accepts(name: str) -> None:
    datasets = CHARTS[name]().to_dict().get("datasets", {})

    assert sum(len(rows) for rows in datasets.values()) <= 5_000
