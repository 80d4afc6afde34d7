"""The story view without a page: what it sends, what it selects, and what it gives to Python."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.findings.traces import message, put, trace_of
from workbench.crossfilter import Clause
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.widgets.story_view import StoryView, story_view

HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    records = [
        message("m-1", {"id": "k-1", "note": HOSTILE}, 1, count=2),
        put(1, "k-1", {"id": "k-1"}, 3),
        message("m-2", {"id": "k-2"}, 5),
        message("m-3", {"id": HOSTILE}, 6),
    ]
    with trace_of(tmp_path / "x.trace", records) as opened:
        yield opened


@pytest.fixture
def view(trace: Trace) -> Iterator[StoryView]:
    made = story_view(trace, "k-1")
    made.settle()
    yield made
    made.close()


def tell(view: StoryView, content: Any) -> StoryView:
    view._handle_custom_msg(content, [])
    view.settle()
    view.settle()
    return view


def test_the_rows_are_the_steps_in_time(view: StoryView) -> None:
    assert [(row["step"], row["cells"][:2]) for row in view.told["rows"]] == [
        (1, ["kinesis:orders", "put"])
    ]
    assert view.told["key"] == "k-1"
    assert view.told["rows"][0]["from_at"] == 1_795_168_803_000


def test_the_call_returns_what_the_view_returns(view: StoryView, trace: Trace) -> None:
    import workbench as wb

    assert eval(view.call(), {"wb": wb, "trace": trace}).equals(view.to_frame())  # noqa: S307
    assert trace.sql(view.sql)["delivery_id"].to_list() == view.to_frame()["delivery_id"].to_list()


def test_another_key_is_told_when_it_is_asked_for(view: StoryView) -> None:
    tell(view, {"kind": "key", "key": " m-1 "})
    assert view.key == "m-1"
    assert view.told["rows"][0]["cells"][:2] == ["sqs:orders", "queued"]


def test_a_step_selects_its_delivery_and_shows_what_it_carried(
    view: StoryView, trace: Trace
) -> None:
    tell(view, {"kind": "key", "key": "m-1"})
    tell(view, {"kind": "step", "step": 1})

    assert trace.sql("select record_id from selected")["record_id"].to_list() == ["m-1"]
    assert view.selected_words == "step 1 of m-1"
    assert view.payload["body"].startswith('{"id": "k-1", "note": "<script>')
    assert "\\u202e" in view.payload["body"]

    tell(view, {"kind": "everything"})
    assert view.payload == {}
    assert view.selection.words() == "everything"


def test_another_key_gives_the_selection_back(view: StoryView) -> None:
    view.step = 1
    view.settle()
    tell(view, {"kind": "key", "key": "m-2"})
    assert view.selection.words() == "everything"
    assert view.step is None


def test_what_others_give_back_is_no_longer_chosen(view: StoryView) -> None:
    view.step = 1
    view.settle()
    view.selection.set("other", Clause.typed("record_id = 'm-2'"))
    view.settle()
    assert view.step == 1

    view.selection.reset()
    view.settle()
    view.settle()
    assert (view.step, view.payload) == (None, {})


def test_keys_of_what_others_select_are_suggested(view: StoryView) -> None:
    view.selection.set("other", Clause.typed("record_id = 'm-2'"))
    view.settle()
    assert view.suggestions == ["m-2"]

    view.step = 1
    view.settle()
    view.settle()
    assert view.suggestions == ["m-2"], "its own condition is left out"


def test_a_key_with_hidden_characters_is_not_suggested(tmp_path: Path) -> None:
    with trace_of(tmp_path / "y.trace", [put(1, HOSTILE, {}, 0), put(2, "k", {}, 1)]) as trace:
        view = story_view(trace)
        view.settle()
        assert view.suggestions == ["k"]
        view.close()


@pytest.mark.parametrize("nonsense", [{}, {"kind": "step", "step": "1"}, {"kind": "key"}, "key"])
def test_a_message_of_another_kind_is_not_answered(view: StoryView, nonsense: Any) -> None:
    before = view.told
    assert tell(view, nonsense).told == before
    assert view.trouble == ""


def test_what_nothing_speaks_of_is_said_in_the_view(view: StoryView) -> None:
    tell(view, {"kind": "key", "key": HOSTILE + "?"})
    assert "wanted a key or an id" in view.trouble
    assert view.told["rows"] == []
    with pytest.raises(UsageError):
        view.to_frame()


def test_a_step_that_is_not_there_is_said_in_the_view(view: StoryView) -> None:
    view.step = 99
    view.settle()
    assert "wanted a step of the story, found 99" in view.trouble


def test_a_saved_notebook_has_a_table_in_the_views_place(view: StoryView, trace: Trace) -> None:
    text = view.static_html()
    assert "The story of k-1" in text
    assert "<td>kinesis:orders</td>" in text
    empty = story_view(trace)
    assert "no key" in empty.static_html()
    unknown = story_view(trace, "<b>")
    assert "<b>" not in unknown.static_html()
    for each in (empty, unknown):
        each.close()
