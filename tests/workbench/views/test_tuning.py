"""What sliders move: within AWS's limits, beside what was observed, never without the back-test."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import workbench as wb
from tests.workbench.tune.captures import arrivals, as_trace, happened
from tests.workbench.tune.simulate.systems import servers
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.tune.durations.model import DurationModel
from workbench.views.tuning import Tuning, tunable_sources, tuning

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """A visibility timeout that some attempts outlast."""
    model = DurationModel(base_ms=1_000, residuals=np.concatenate((np.full(90, 0.5), [8.0] * 10)))
    settings = servers(40, batch_size=1, visibility_timeout_s=6, timeout_s=30)
    story = happened(arrivals(2, 300, seed=4), settings, model)
    return as_trace(tmp_path_factory.mktemp("tuned") / "own.trace", story)


@pytest.fixture(scope="module")
def ready(trace: Trace) -> Tuning:
    return tuning(trace, "sqs:orders", TODAY)


def figures(moved_frame: pl.DataFrame, column: str) -> dict[str, float]:
    return dict(moved_frame.select("measure", column).rows())


def test_a_move_answers_beside_what_was_observed_and_what_the_model_makes_of_it(
    ready: Tuning,
) -> None:
    moved = ready.move({"visibility_timeout_s": 60})

    observed, captured, now = (
        figures(moved.figures, each) for each in ("observed", "as_captured", "as_set")
    )
    assert observed["duplicate_share"] > 0.03
    assert captured["duplicate_share"] > 0.03
    assert now["duplicate_share"] == 0
    assert now["p50_age_ms"] <= now["p99_age_ms"] <= now["max_age_ms"]
    assert now["cost_per_month"] > 0
    assert observed["cost_per_month"] is None


def test_a_move_gives_the_commands_and_the_call_that_make_it(ready: Tuning) -> None:
    moved = ready.move({"maximum_concurrency": 5})

    assert moved.commands == (
        "aws lambda update-event-source-mapping --uuid m-1 --scaling-config MaximumConcurrency=5",
    )
    call = ready.call(moved.changes)
    assert call == "wb.tune.mapping(trace, 'sqs:orders', vary={'maximum_concurrency': (5,)})"


def test_what_is_as_captured_is_no_change(ready: Tuning) -> None:
    moved = ready.move({"visibility_timeout_s": 6, "batch_size": 1})

    assert moved.changes == {}
    assert moved.commands == ()
    assert moved.figures["as_set"].equals(moved.figures["as_captured"])


def test_only_what_the_model_knows_of_can_be_moved(ready: Tuning) -> None:
    knobs = {each.name: each for each in ready.knobs()}
    assert knobs["batch_size"].is_fixed
    assert "not predicted" in knobs["batch_size"].note

    with pytest.raises(UsageError, match="batch_size cannot be moved"):
        ready.move({"batch_size": 10})
    with pytest.raises(UsageError, match="found 'parallelization_factor'"):
        ready.move({"parallelization_factor": 2})
    with pytest.raises(UsageError, match="AWS would refuse"):
        ready.move({"visibility_timeout_s": 10})


def test_sliders_stop_within_the_limits_and_at_what_is_set(ready: Tuning) -> None:
    for knob in ready.knobs():
        numbers = [each for each in knob.stops if each is not None]
        assert numbers == sorted(set(numbers))
        assert knob.now in knob.stops
    knobs = {each.name: each for each in ready.knobs()}
    assert knobs["max_receive_count"].stops[0] == 1
    assert knobs["max_receive_count"].stops[-1] is None
    assert (knobs["memory_mb"].stops[0], knobs["memory_mb"].stops[-1]) == (128, 10_240)


def test_where_the_model_is_refused_there_are_no_simulated_figures() -> None:
    with wb.open(wb.dataset("throttled-consumer")) as refused:
        ready = tuning(refused, "kinesis:telemetry-1", TODAY)
        moved = ready.move({"parallelization_factor": 3})

    assert ready.verdict.startswith("Refused: the model does not reproduce the capture")
    assert moved.simulated is None
    assert moved.figures["as_set"].null_count() == len(moved.figures)
    assert moved.figures["observed"].null_count() < len(moved.figures)
    assert "maximum_concurrency" not in {each.name for each in ready.knobs()}


def test_the_misfit_is_in_the_verdict(ready: Tuning) -> None:
    misfit = ready.prepared.found.tested.misfit
    assert f"misfit {misfit:.2f} at worst" in ready.verdict


def test_a_source_that_nothing_handles_is_refused_with_advice() -> None:
    with (
        wb.open(wb.dataset("hot-customer")) as trace,
        pytest.raises(UsageError, match="wanted the function"),
    ):
        tuning(trace, "kinesis:clicks-1")


def test_sources_with_a_mapping_come_first() -> None:
    with wb.open(wb.dataset("poison-order")) as trace:
        frame = tunable_sources(trace)
    assert frame["has_mapping"].to_list() == sorted(frame["has_mapping"], reverse=True)
    assert not any(":logs:" in arn for arn in frame["source_arn"])


def test_a_trace_without_queues_and_streams_has_no_sources(tmp_path: Path) -> None:
    with wb.open(wb.dataset("midnight-schedule")) as trace:
        assert tunable_sources(trace).is_empty()
