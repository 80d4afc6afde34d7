"""The tuning panel without a page: moves, refusals, pictures, the search."""

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest

import workbench as wb
from workbench.errors import UsageError, WorkbenchError
from workbench.trace import Trace
from workbench.widgets.tune_panel import TunePanel, tune_panel

REFUSED, QUEUE = "kinesis:telemetry-1", "sqs:notifications-1"


@pytest.fixture(scope="module")
def trace() -> Iterator[Trace]:
    with wb.open(wb.dataset("retry-storm")) as opened:
        yield opened


@pytest.fixture
def panel(trace: Trace) -> Iterator[TunePanel]:
    made = tune_panel(trace)
    made.settle()
    yield made
    made.close()


def tell(panel: TunePanel, content: Any) -> TunePanel:
    panel._handle_custom_msg(content, [])
    panel.settle()
    panel.settle()
    return panel


def cell(panel: TunePanel, measure: str) -> str:
    found: str = next(row[-1] for row in panel.answer["rows"] if row[0] == measure)
    return found


def test_it_opens_on_the_source_that_has_a_mapping_with_the_misfit_beside(panel: TunePanel) -> None:
    assert panel.source == QUEUE
    assert "misfit" in panel.fitted["verdict"]
    assert panel.fitted["refusal"] == ""
    assert [row[0] for row in panel.answer["rows"]] == [
        "age, median",
        "age, 99th percentile",
        "age, oldest",
        "cost",
        "duplicates",
        "dead letters",
    ]


def test_a_move_is_answered_with_figures_call_and_command(panel: TunePanel) -> None:
    assert cell(panel, "dead letters") == "0 %"
    tell(panel, {"kind": "move", "changes": {"max_receive_count": 3}})

    assert cell(panel, "dead letters") != "0 %"
    assert panel.answer["changes"] == {"max_receive_count": 3}
    assert "vary={'max_receive_count': (3,)}" in panel.answer["call"] == panel.call()
    assert panel.answer["commands"].startswith("aws sqs set-queue-attributes")
    assert panel.to_frame().row(-1)[-1] > 0


def test_what_python_sets_is_answered_too(panel: TunePanel) -> None:
    panel.changes = {"maximum_concurrency": 5}
    panel.settle()
    assert "MaximumConcurrency=5" in panel.answer["commands"]


def test_what_aws_refuses_is_said_and_the_figures_stay(panel: TunePanel) -> None:
    before = panel.answer
    tell(panel, {"kind": "move", "changes": {"visibility_timeout_s": 3}})
    assert "AWS would refuse" in panel.trouble
    assert panel.answer == before

    tell(panel, {"kind": "move", "changes": {}})
    assert panel.trouble == ""


@pytest.mark.parametrize(
    "nonsense",
    [
        {"kind": "move", "changes": {"memory_mb": "512"}},
        {"kind": "move", "changes": {"memory_mb": True}},
        {"kind": "move", "changes": [1]},
        {"kind": "source", "source": "sqs:nowhere"},
        {"kind": "candidate", "place": 0},
        {"kind": "cancel"},
        "move",
    ],
)
def test_a_message_that_is_none_moves_nothing(panel: TunePanel, nonsense: Any) -> None:
    tell(panel, nonsense)
    assert panel.changes == {}
    assert panel.trouble == ""


def test_pictures_are_drawn_when_they_are_asked_for(panel: TunePanel) -> None:
    tell(panel, {"kind": "picture", "tab": "ages"})
    assert panel.picture["tab"] == "ages"
    kind, _, drawn = panel.picture["src"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert b64decode(drawn).startswith(b"<svg")
    assert panel.picture["alt"].startswith("Age from")

    tell(panel, {"kind": "picture", "tab": "candidates"})
    assert "No candidates yet" in panel.picture["words"]


def test_a_search_finds_candidates_that_may_be_taken(panel: TunePanel) -> None:
    job = panel.start_search("p99 age < 10 h")
    advice = job.wait(60)
    listening = job.listen(lambda _: None)
    listening.join()
    panel._searched(job, job.progress())

    assert panel.advice is advice
    assert panel.search["state"] == "done"
    assert len(panel.found["rows"]) == len(panel.found["places"]) > 1
    place = next(n for n, each in enumerate(advice.evaluated) if not each.candidate.is_current)
    tell(panel, {"kind": "candidate", "place": place})
    assert panel.changes == dict(advice.evaluated[place].candidate.changes)
    tell(panel, {"kind": "picture", "tab": "candidates"})
    assert "candidates" in panel.picture["alt"]


def test_a_search_can_be_called_off(panel: TunePanel) -> None:
    job = panel.start_search()
    tell(panel, {"kind": "cancel"})
    with pytest.raises(WorkbenchError):
        job.wait(60)
    assert job.progress().state == "cancelled"


def test_an_objective_that_is_none_is_said_where_the_search_is(panel: TunePanel) -> None:
    job = panel.start_search("fast please")
    with pytest.raises(UsageError):
        job.wait(60)
    panel._searched(job, job.progress())
    assert "wanted an SLO" in panel.search["words"]


def test_another_source_may_be_refused_and_has_no_simulated_figures() -> None:
    with wb.open(wb.dataset("throttled-consumer")) as trace:
        panel = tune_panel(trace, "sqs:payments")
        panel.settle()
        assert "wanted 20 invocations" in panel.fitted["refusal"]
        assert (panel.fitted["knobs"], panel.answer) == ([], {})

        tell(panel, {"kind": "source", "source": REFUSED})
        assert panel.fitted["refusal"].startswith("Refused: the model does not reproduce")
        assert {row[-1] for row in panel.answer["rows"]} == {"-"}
        assert all(knob["fixed"] for knob in panel.fitted["knobs"])

        tell(panel, {"kind": "picture", "tab": "shards"})
        assert panel.picture["alt"].startswith("Load over the hash key space")
        panel.close()


def test_a_trace_without_sources_says_so() -> None:
    with wb.open(wb.dataset("midnight-schedule")) as trace:
        panel = tune_panel(trace)
        panel.settle()
        assert "found none in the trace" in panel.fitted["refusal"]
        assert "found none" in panel.static_html()
        panel.close()


def test_a_saved_notebook_has_the_figures_and_the_misfit(panel: TunePanel, trace: Trace) -> None:
    text = panel.static_html()
    assert "<td>age, median</td>" in text
    assert "misfit" in text
    arrived = trace.sql(panel.sql)
    assert arrived["source_arn"].n_unique() == 1
