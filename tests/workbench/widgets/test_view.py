"""What all views in a notebook do: they follow the selection, answer one wish of a kind, say what went wrong."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
import pytest

import workbench.widgets
from tests.workbench.findings.traces import message, trace_of
from workbench.crossfilter import Clause
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.widgets.view import View

PAGES = sorted(Path(workbench.widgets.__file__).parent.glob("*.js"))
SVG_NAMESPACE = "http://www.w3.org/2000/svg"


class Counting(View):
    """How many are selected, leaving its own condition out."""

    _esm = "export default { render() {} }"
    own_clause = "counting"

    def __init__(self, trace: Trace) -> None:
        self.shown: list[int] = []
        self.told: list[Any] = []
        super().__init__(trace)

    @property
    def sql(self) -> str:
        return f"select count(*) as n from records where {self.selection.where(self.own_clause)}"

    def static_html(self) -> str:
        return "<p>counted</p>"

    def selection_changed(self) -> None:
        self.shown.append(self.to_frame().item())

    def message(self, content: dict[str, Any]) -> None:
        if content["kind"] == "broken":
            raise ValueError("a line\nand another")
        self.told.append(content["kind"])


@pytest.fixture
def view(tmp_path: Path) -> Iterator[Counting]:
    with trace_of(
        tmp_path / "x.trace", [message(f"m-{each}", {"n": each}) for each in range(5)]
    ) as trace:
        made = Counting(trace)
        yield made
        made.close()


def test_a_view_follows_the_others_and_leaves_its_own_condition_out(view: Counting) -> None:
    view.selection.set("other", Clause.typed("record_id != 'm-0'"))
    view.choose(Clause.typed("record_id = 'm-1'"))
    view.settle()
    assert view.shown[-1] == 4
    assert "m-1" in view.selected_words
    assert view.to_frame().equals(pl.DataFrame({"n": [4]}))


def test_a_condition_that_the_database_refuses_changes_nothing(view: Counting) -> None:
    with pytest.raises(UsageError):
        view.choose(Clause.typed("no_such_column = 1"))
    assert view.selection.words() == "everything"


def test_of_wishes_of_a_kind_that_wait_the_newest_is_met(view: Counting) -> None:
    gate = Event()
    view.later("gate", gate.wait)
    done: list[int] = []
    for number in range(5):
        view.later("page", partial(done.append, number))
    view.later("other", lambda: done.append(-1))
    gate.set()
    view.settle()
    assert done == [4, -1]


def test_what_went_wrong_is_said_in_one_line_until_something_goes_right(view: Counting) -> None:
    view._handle_custom_msg({"kind": "broken"}, [])
    view.settle()
    assert view.trouble == "a line and another"
    view._handle_custom_msg({"kind": "fine"}, [])
    view.settle()
    assert (view.trouble, view.told) == ("", ["fine"])


@pytest.mark.parametrize("nonsense", [[], "page", None, 7])
def test_a_message_that_is_no_message_is_not_answered(view: Counting, nonsense: Any) -> None:
    view._handle_custom_msg(nonsense, [])
    view.settle()
    assert (view.trouble, view.told) == ("", [])


def test_a_closed_view_hears_nothing_more(view: Counting) -> None:
    view.close()
    view.selection.set("other", Clause.typed("record_id != 'm-0'"))
    assert view.shown == []


def test_where_no_kernel_runs_there_is_the_static_form(view: Counting) -> None:
    bundle, _ = view._repr_mimebundle_()
    assert bundle["text/html"] == "<p>counted</p>"
    assert bundle["text/plain"] == "<Counting of x.trace>"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_get_text_in_no_other_way_than_as_text_and_load_nothing(page: Path) -> None:
    source = page.read_text("utf-8").replace(SVG_NAMESPACE, "")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "import(",
        "http",
        "Function(",
    ):
        assert way not in source
