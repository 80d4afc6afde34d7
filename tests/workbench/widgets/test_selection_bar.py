"""The line over the views."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.findings.traces import message, trace_of
from workbench.crossfilter import Clause, crossfilter
from workbench.widgets.selection_bar import SelectionBar


@pytest.fixture
def bar(tmp_path: Path) -> Iterator[SelectionBar]:
    with trace_of(tmp_path / "x.trace", [message(f"m-{n}", {"n": n}) for n in range(3)]) as trace:
        made = SelectionBar(trace)
        made.settle()
        yield made
        made.close()


def test_it_says_what_is_selected_and_how_much(bar: SelectionBar) -> None:
    assert (bar.selected_words, bar.counts) == ("everything", "3 of 3 deliveries: sqs:orders 3")

    crossfilter(bar.trace).set("typed", Clause.typed("record_id = 'm-1'"))
    bar.settle()

    assert bar.selected_words == "record_id = 'm-1'"
    assert bar.counts == "1 of 3 deliveries: sqs:orders 1"
    assert bar.trace.sql(bar.statement).height == 1


def test_everything_is_one_press_away(bar: SelectionBar) -> None:
    crossfilter(bar.trace).set("typed", Clause.typed("record_id = 'm-1'"))
    bar._handle_custom_msg({"kind": "reset"}, [])
    bar.settle()
    bar.settle()

    assert bar.selected_words == "everything"


def test_a_saved_notebook_keeps_the_words(bar: SelectionBar) -> None:
    assert "everything" in bar._repr_mimebundle_()[0]["text/html"]
