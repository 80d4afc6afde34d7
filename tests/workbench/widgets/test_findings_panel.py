"""The panel without a page: what it sends, what it answers, and what it gives to Python."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import traitlets

from tests.workbench.findings.traces import message, put, trace_of
from workbench.errors import UsageError
from workbench.findings import Findings, find
from workbench.trace import Trace
from workbench.widgets.findings_panel import COLUMNS, PAGE_ROWS, FindingsPanel, findings_panel

HOSTILE = "<script>alert(1)</script>\u202e"
RECEIVED = 2 * PAGE_ROWS + 1


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    """Two pages and one row of messages received twice, and a record put twice."""
    received = [message(f"m-{number}", {"n": number}, count=2) for number in range(RECEIVED)]
    again = [put(number, "key", {"order": HOSTILE}, number) for number in range(2)]
    with trace_of(tmp_path / "x.trace", [*received, *again]) as opened:
        yield opened


@pytest.fixture
def panel(trace: Trace) -> Iterator[FindingsPanel]:
    made = findings_panel(trace, find(trace, only=["redelivery", "producer_retry"]))
    yield made
    made.close()


def answer(panel: FindingsPanel, message: Any = None, select: int | None = None) -> dict[str, Any]:
    """What the page has been sent once the panel has done what it was told."""
    if select is None:
        panel._handle_custom_msg(message, [])
    else:
        panel.selected = select
    panel.settle()
    return panel.detail


def test_each_finding_is_a_row_and_the_first_is_selected(panel: FindingsPanel) -> None:
    assert [row[:4] for row in panel.rows] == [
        ["redelivery", "sqs:orders", str(RECEIVED), "100%"],
        ["producer_retry", "kinesis:orders", "1", "95%"],
    ]
    assert all(len(row) == len(COLUMNS) for row in panel.rows)
    assert panel.selected == 0
    assert panel.finding.kind == "redelivery"


def test_the_call_returns_what_the_panel_returns(panel: FindingsPanel, trace: Trace) -> None:
    for place in range(len(panel.rows)):
        panel.selected = place
        assert eval(panel.call(), {"trace": trace}).equals(panel.witness())  # noqa: S307


def test_a_call_can_be_pasted_whatever_its_sql_holds(trace: Trace) -> None:
    (finding,) = find(trace, only=["redelivery"])
    nasty = replace(finding, sql="select '\"\"\"' as a, '\\n' as b, delivery_id from records")
    panel = FindingsPanel(trace, Findings((nasty,)))
    assert eval(panel.call(), {"trace": trace}).equals(trace.sql(nasty.sql))  # noqa: S307
    panel.close()


def test_witness_rows_come_in_pages(panel: FindingsPanel) -> None:
    detail = answer(panel, {"page": 0})
    assert (detail["first"], len(detail["rows"]), detail["total"]) == (0, PAGE_ROWS, RECEIVED)

    seen = [row[1] for row in detail["rows"]]
    for page, rows in ((1, PAGE_ROWS), (2, 1)):
        detail = answer(panel, {"page": page})
        assert (detail["first"], len(detail["rows"])) == (page * PAGE_ROWS, rows)
        seen += [row[1] for row in detail["rows"]]
    assert seen == [str(each) for each in panel.witness()["delivery_id"]]


@pytest.mark.parametrize(("page", "first"), [(-7, 0), (10**30, 2 * PAGE_ROWS)])
def test_a_page_that_is_not_there_is_the_nearest_that_is(
    panel: FindingsPanel, page: int, first: int
) -> None:
    answer(panel, {"page": 1})
    assert answer(panel, {"page": page})["first"] == first


@pytest.mark.parametrize("nonsense", [{}, {"page": "1"}, {"page": None}, [], "page", None])
def test_a_message_of_another_kind_is_not_answered(panel: FindingsPanel, nonsense: Any) -> None:
    answer(panel, {"page": 1})
    assert answer(panel, nonsense)["page"] == 1


def test_payloads_are_sent_as_text_in_which_every_character_is_seen(panel: FindingsPanel) -> None:
    detail = answer(panel, select=1)

    payload = detail["rows"][0][detail["columns"].index("body_start")]
    assert payload == '{"order": "<script>alert(1)</script>\\u202e"}'


def test_columns_that_say_nothing_are_left_out(panel: FindingsPanel) -> None:
    assert "partition_id" in answer(panel, select=1)["columns"]
    assert "partition_id" not in answer(panel, select=0)["columns"]


def test_what_fails_is_said_in_the_panel(panel: FindingsPanel, trace: Trace) -> None:
    answer(panel, {"page": 0})
    trace.close()
    answer(panel, select=1)
    assert "open it again" in panel.trouble


def test_a_row_that_is_not_there_cannot_be_selected(panel: FindingsPanel) -> None:
    with pytest.raises(traitlets.TraitError, match="from 0 to 1"):
        panel.selected = 2
    assert panel.selected == 0


def test_who_moves_on_is_not_shown_what_was_left_behind(panel: FindingsPanel) -> None:
    shown: list[int] = []
    answer(panel, {"page": 0})
    panel.observe(lambda change: shown.append(change["new"]["finding"]), "detail")

    gate = Event()
    panel._worker.submit(gate.wait)
    for place in (1, 0, 1, 0, 1):
        panel.selected = place
    gate.set()
    panel.settle()
    assert set(shown) == {1}


def test_with_no_findings_there_is_nothing_to_select(trace: Trace) -> None:
    panel = FindingsPanel(trace, Findings((), ("inversion not looked for",)))
    assert panel.selected is None
    assert panel.remarks == ["inversion not looked for"]
    assert "Nothing found" in panel._repr_mimebundle_()[0]["text/html"]
    with pytest.raises(UsageError, match="selected finding"):
        panel.witness()
    panel.close()


def test_a_saved_notebook_has_a_table_in_the_panels_place(trace: Trace) -> None:
    panel = findings_panel(trace)
    bundle, _ = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<td>redelivery</td>" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    panel.close()


def test_to_walk_over_findings_selects_nothing_until_it_is_asked_for(panel: FindingsPanel) -> None:
    answer(panel, select=1)
    assert panel.selection.words() == "everything"

    answer(panel, {"kind": "select", "place": 0})
    panel.settle()
    assert panel.selection.words() == "redelivery in sqs:orders"
    selected = panel.trace.sql("select delivery_id from selected order by 1")["delivery_id"]
    assert set(selected) == set(panel.witness()["delivery_id"])

    answer(panel, select=1)
    panel.settle()
    assert panel.selection.words() == "producer_retry in kinesis:orders", "it selects already"

    answer(panel, {"kind": "everything"})
    panel.settle()
    assert panel.selection.words() == "everything"
    assert not panel.selecting


@pytest.mark.parametrize("place", [-1, 2, "0", None])
def test_a_finding_that_is_not_there_is_not_selected(panel: FindingsPanel, place: Any) -> None:
    answer(panel, {"kind": "select", "place": place})
    assert not panel.selecting
    assert panel.trouble == ""


def test_what_sets_a_witness_apart_is_compared_when_it_is_asked_for(tmp_path: Path) -> None:
    twice = [
        message(f"m-{n}", {"tier": "gold"}, n, count=count) for n in range(40) for count in (1, 2)
    ]
    once = [message(f"o-{n}", {"tier": "iron"}, n) for n in range(40)]
    with trace_of(tmp_path / "apart.trace", [*twice, *once]) as trace:
        panel = findings_panel(trace, find(trace, only=["redelivery"]))
        assert panel.apart == {}
        answer(panel, {"kind": "contrast"})

        assert panel.apart["finding"] == 0
        told = {row[0]: row[2:4] for row in panel.apart["rows"]}
        assert told["$.tier"] == ["100% have gold", "0% have gold"]
        call = panel.apart["call"]
        import workbench as wb

        assert eval(call, {"wb": wb, "trace": trace}).equals(panel.contrast())  # noqa: S307
        panel.close()


def test_a_comparison_that_cannot_be_made_is_said_in_the_panel(tmp_path: Path) -> None:
    with trace_of(tmp_path / "all.trace", [message("m", {}, count=n) for n in (1, 2)]) as trace:
        panel = findings_panel(trace, find(trace, only=["redelivery"]))
        answer(panel, {"kind": "contrast"})
        assert "wanted other records to compare with" in panel.trouble
        assert panel.apart == {}
        panel.close()


def test_what_others_give_back_is_no_longer_selected(panel: FindingsPanel) -> None:
    panel.selecting = True
    panel.settle()
    panel.selection.reset()
    panel.settle()
    assert not panel.selecting
