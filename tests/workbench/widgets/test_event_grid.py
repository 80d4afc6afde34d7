"""The grid without a page: which rows it has, what it answers, what it gives to Python."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import kinesis_record, sqs_message, write_trace
from workbench.crossfilter import Clause
from workbench.errors import UsageError
from workbench.replay.events import event_record
from workbench.trace import Trace
from workbench.widgets.event_grid import BLOCK_ROWS, BLOCKS, COLUMNS, MOST_ROWS, EventGrid, events

HOSTILE = "<script>alert(1)</script>\u202e"
MESSAGES = 30


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    """Messages (ids 1 to 30), and records of three keys (31 to 39) that came after them."""
    messages = [sqs_message(n, {"n": n, "x": HOSTILE}, seconds=n) for n in range(MESSAGES)]
    records = [kinesis_record(n, {"n": n}, key=f"k{n % 3}", seconds=100 + n) for n in range(9)]
    with write_trace(tmp_path / "x.trace", [*messages, *records]) as opened:
        yield opened


@pytest.fixture
def grid(trace: Trace) -> Iterator[EventGrid]:
    made = events(trace)
    made.settle()
    yield made
    made.close()


@pytest.fixture
def sent(grid: EventGrid, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(grid, "send", lambda content, *_: messages.append(content))
    return messages


def tell(grid: EventGrid, **content: Any) -> None:
    """As the page does it."""
    grid._handle_custom_msg(content, [])
    grid.settle()


def ids(grid: EventGrid) -> list[int]:
    return [int(each) for each in grid._rows[1]]


def test_everything_is_shown_by_time_until_somebody_chooses(grid: EventGrid, trace: Trace) -> None:
    assert ids(grid) == list(range(1, 40))
    assert grid.shown[1:] == [39, 39]
    assert grid.to_frame()["delivery_id"].to_list() == ids(grid)
    assert eval(grid.call, {"trace": trace}).equals(grid.to_frame())  # noqa: S307


def test_rows_come_as_they_are_asked_for(grid: EventGrid, sent: list[dict[str, Any]]) -> None:
    tell(grid, kind="rows", version=grid.shown[0], first=29, count=3)

    [answer] = sent
    assert (answer["first"], answer["version"]) == (29, grid.shown[0])
    assert [dict(zip(COLUMNS, row, strict=True))["key"] for row in answer["rows"]] == [
        "",
        "k0",
        "k1",
    ]
    first = dict(zip(COLUMNS, answer["rows"][0], strict=True))
    assert first["time (UTC)"] == "2026-11-20 10:00:29.000"
    assert first["source"] == "sqs:orders"
    assert first["waited (ms)"] == "1,000"
    last = dict(zip(COLUMNS, answer["rows"][2], strict=True))
    assert last["id or sequence"] == "4966…0000000001"
    assert first["payload"] == '{"n":29,"x":"<script>alert(1)</script>\\u202e"}'


@pytest.mark.parametrize(("first", "there"), [(-5, 0), (38, 38), (10**12, 38)])
def test_rows_that_are_not_there_are_the_nearest_that_are(
    grid: EventGrid, sent: list[dict[str, Any]], first: int, there: int
) -> None:
    tell(grid, kind="rows", version=grid.shown[0], first=first, count=10**9)

    assert sent[0]["first"] == there
    assert len(sent[0]["rows"]) == 39 - there
    assert grid.trouble == ""


def test_rows_of_what_is_shown_no_more_are_not_sent(
    grid: EventGrid, sent: list[dict[str, Any]]
) -> None:
    tell(grid, kind="rows", version=grid.shown[0] - 1, first=0, count=10)
    assert sent == []


def test_a_page_may_lie_across_blocks_and_old_blocks_are_let_go(tmp_path: Path) -> None:
    count = (BLOCKS + 2) * BLOCK_ROWS
    records = [sqs_message(n, {"n": n}, seconds=n) for n in range(count)]
    with write_trace(tmp_path / "long.trace", records) as trace:
        grid = events(trace)
        grid.settle()
        sent: list[dict[str, Any]] = []
        grid.send = lambda content, *_: sent.append(content)
        for first in range(BLOCK_ROWS - 50, count, BLOCK_ROWS):
            tell(grid, kind="rows", version=grid.shown[0], first=first, count=10**6)

            bodies = [row[-1] for row in sent[-1]["rows"]]
            assert bodies == [f'{{"n":{n}}}' for n in range(first, min(first + MOST_ROWS, count))]
        assert len(grid._blocks) == BLOCKS
        grid.close()


def test_what_is_typed_narrows_all_views_and_reset_takes_it_away(grid: EventGrid) -> None:
    tell(grid, kind="filter", text="$.n == 3 and receive_count = 1")

    assert ids(grid) == [4]
    assert grid.filter == grid.selected_words == "$.n == 3 and receive_count = 1"
    assert grid.trace.sql("select delivery_id from selected").to_series().to_list() == [4]
    assert grid.to_frame()["delivery_id"].to_list() == [4]

    tell(grid, kind="filter", text=" ")
    assert len(ids(grid)) == 39
    assert (grid.filter, grid.selected_words) == ("", "everything")


@pytest.mark.parametrize(
    "wrong", ["no_such_column = 1", "record_id::date > now()", "(", "receive_count > $x", "'"]
)
def test_a_wrong_filter_says_so_in_one_line_and_changes_nothing(
    grid: EventGrid, wrong: str
) -> None:
    tell(grid, kind="filter", text="receive_count = 1")
    before, shown = grid.selection.clauses, grid.shown

    tell(grid, kind="filter", text=wrong)

    assert grid.refused
    assert "\n" not in grid.refused
    assert (grid.selection.clauses, grid.shown, grid.filter) == (before, shown, "receive_count = 1")
    assert not grid.loading

    tell(grid, kind="filter", text="receive_count = 1")
    assert grid.refused == ""


def test_the_others_conditions_hold_as_well(grid: EventGrid) -> None:
    tell(grid, kind="filter", text="ordering_key = 'k1'")
    grid.selection.set("timeline", Clause.typed("delivery_id < 36"))
    grid.settle()
    assert ids(grid) == [32, 35]

    grid.selection.reset()
    grid.settle()
    assert (len(ids(grid)), grid.filter) == (39, "")


def test_what_python_sets_as_the_events_condition_stands_in_the_filter_box(grid: EventGrid) -> None:
    grid.selection.set("events", Clause.typed("receive_count = 1"))
    grid.settle()
    assert (grid.filter, len(ids(grid))) == ("receive_count = 1", MESSAGES)


def test_the_page_moves_the_cursor_and_python_has_the_record(grid: EventGrid) -> None:
    assert grid.selected is None
    grid.cursor = [grid.shown[0], 30]

    assert grid.selected == 31
    assert grid.record["ordering_key"] == "k0"
    assert event_record(grid.record)["kinesis"]["partitionKey"] == "k0"


def test_a_cursor_in_rows_that_are_shown_no_more_selects_nothing(grid: EventGrid) -> None:
    for cursor in ([grid.shown[0] - 1, 3], [grid.shown[0], 39], [grid.shown[0], -1]):
        grid.cursor = cursor
        assert grid.selected is None


def test_the_selected_record_keeps_its_place_while_the_rows_change(grid: EventGrid) -> None:
    grid.selected = 35
    grid.settle()
    assert grid.cursor == [grid.shown[0], 34]

    tell(grid, kind="filter", text="ordering_key is not null")
    assert grid.cursor == [grid.shown[0], 4]

    tell(grid, kind="filter", text="ordering_key is null")
    assert grid.cursor == [grid.shown[0], -1]
    assert (grid.selected, grid.record["delivery_id"]) == (35, 35)


def test_nothing_selected_is_no_record(grid: EventGrid) -> None:
    with pytest.raises(UsageError, match=r"\.selected"):
        _ = grid.record
    grid.selected = 99
    with pytest.raises(UsageError, match="99"):
        grid.copy_as("sql")


@pytest.mark.parametrize(("selected", "followed"), [(35, [32, 35, 38]), (7, [7])])
def test_following_shows_the_records_of_the_key_or_the_record_itself(
    grid: EventGrid, selected: int, followed: list[int]
) -> None:
    grid.selected = selected
    tell(grid, kind="follow")

    assert ids(grid) == followed
    tell(grid, kind="filter", text=grid.filter)
    assert (ids(grid), grid.refused) == (followed, "")


def test_a_face_of_the_record_is_sent_as_text(grid: EventGrid, sent: list[dict[str, Any]]) -> None:
    tell(grid, kind="inspect", id=3, face="json", whole=False)

    [answer] = sent
    assert (answer["id"], answer["face"], answer["is_cut"]) == (3, "json", False)
    assert answer["title"] == "delivery 3 of sqs:orders"
    assert answer["parts"][0]["tree"][2][1] == ["x", "string", "<script>alert(1)</script>\\u202e"]


@pytest.mark.parametrize("form", ["sql", "pytest", "aws"])
def test_what_the_page_copies_is_what_python_gives(
    grid: EventGrid, sent: list[dict[str, Any]], form: str
) -> None:
    grid.selected = 31
    tell(grid, kind="copy", form=form)
    assert sent == [{"kind": "copied", "form": form, "text": grid.copy_as(form)}]


@pytest.mark.parametrize(
    "nonsense",
    [
        {"kind": "rows"},
        {"kind": "rows", "version": "1", "first": 0, "count": 1},
        {"kind": "inspect", "id": 1, "face": "__class__", "whole": False},
        {"kind": "filter", "text": 7},
        {},
    ],
)
def test_a_message_of_another_kind_is_not_answered(
    grid: EventGrid, sent: list[dict[str, Any]], nonsense: dict[str, Any]
) -> None:
    tell(grid, **nonsense)
    assert (sent, grid.trouble, grid.filter) == ([], "", "")


def test_what_fails_is_said_in_the_view(grid: EventGrid) -> None:
    tell(grid, kind="follow")
    assert "selected record" in grid.trouble


def test_a_trace_without_records_has_no_rows(tmp_path: Path) -> None:
    with write_trace(tmp_path / "empty.trace", []) as empty:
        grid = events(empty)
        tell(grid, kind="rows", version=1, first=0, count=10)
        assert (grid.shown, grid.trouble) == ([1, 0, 0], "")
        assert "0 of 0 deliveries" in grid.static_html()
        grid.close()


def test_a_saved_notebook_has_a_table_in_the_grids_place(grid: EventGrid) -> None:
    bundle, _ = grid._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "20 of 39 deliveries" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
