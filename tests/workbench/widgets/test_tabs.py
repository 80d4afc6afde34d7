"""All views as tabs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.findings.traces import message, trace_of
from workbench.crossfilter import Clause, crossfilter
from workbench.widgets.tabs import VIEWS, Workbench, workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    records = [message(f"m-{n}", {"n": n}, count=2) for n in range(3)]
    with trace_of(tmp_path / "x.trace", records) as trace:
        made = workbench(trace)
        yield made
        made.close()


def made(bench: Workbench) -> list[str]:
    return list(bench._made)


def test_a_view_is_made_when_it_is_first_looked_at(bench: Workbench) -> None:
    assert made(bench) == ["Overview"]

    view = bench.show("Timeline")

    assert made(bench) == ["Overview", "Timeline"]
    assert bench.view("Timeline") is view


@pytest.mark.parametrize("name", VIEWS)
def test_every_tab_has_its_view_and_something_to_show_without_script(
    bench: Workbench, name: str
) -> None:
    view = bench.show(name)
    for _ in range(3):
        view.settle()

    assert view.trouble == ""
    assert name in bench._repr_mimebundle_()["text/html"]


def test_what_was_found_is_looked_for_once(bench: Workbench) -> None:
    assert bench.view("Findings").findings is bench.view("Overview").findings


def test_the_line_over_the_tabs_says_what_is_selected(bench: Workbench) -> None:
    crossfilter(bench.trace).set("typed", Clause.typed("record_id = 'm-1'"))
    bench.selection_bar.settle()

    assert "m-1" in bench.selection_bar.selected_words


def test_a_record_of_the_events_is_replayed_alone(bench: Workbench) -> None:
    grid = bench.show("Events")
    grid.settle()
    one = bench.trace.sql("select max(delivery_id) from records").item()
    grid.selected = one
    grid._handle_custom_msg({"kind": "replay"}, [])
    grid.settle()

    panel = bench.view("Replay")
    panel.settle()
    assert panel.delivery_id == one
    assert f"delivery_ids=({one},)" in panel.call
