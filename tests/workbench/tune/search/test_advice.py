"""What is recommended is right where the truth is known, and nothing is where the model does not hold."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory

import pytest

from tests.factories import QUEUE, sqs_message, write_trace
from tests.workbench.tune.captures import arrivals, as_trace, happened, resources
from tests.workbench.tune.search.plain import pricing
from tests.workbench.tune.simulate.systems import servers
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.tune import MappingAdvice, mapping
from workbench.tune.durations.model import DurationModel
from workbench.tune.search.evaluate import Scene
from workbench.tune.search.model import settled

TODAY = date(2026, 11, 20)
LUCKS = 31
VARY = {"batch_size": (1, 2, 10, 50), "maximum_batching_window_in_seconds": (0, 1, 5)}


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    settings = servers(5, batch_size=4, visibility_timeout_s=60, timeout_s=20)
    model = DurationModel(base_ms=600, per_record_ms=60, record_failure_share=0.005)
    story = happened(arrivals(8, 600, seed=1), settings, model)
    return as_trace(tmp_path_factory.mktemp("advice") / "own.trace", story)


@pytest.fixture(scope="module")
def advice(captured: Trace) -> MappingAdvice:
    return mapping(captured, "sqs:orders", slo="p90 age < 20 s", vary=VARY, today=TODAY)


def test_the_document_says_what_the_contract_promises(advice: MappingAdvice) -> None:
    document = advice.document()

    assert document["source_arn"] == QUEUE
    assert document["backtest"]["accepted"] is True
    assert document["backtest"]["misfit"] <= 1
    first, *others = document["candidates"]
    assert first["is_current"]
    assert first["mapping"]["BatchSize"] == 4
    assert all(
        each.keys() >= {"mapping", "p50_age_ms", "p99_age_ms", "cost_per_month", "meets_slo"}
        for each in others
    )
    assert document["next_to_break"] is None or document["next_to_break"]["sentence"]


def test_the_recommended_one_meets_the_slo_and_none_that_does_is_clearly_cheaper(
    advice: MappingAdvice,
) -> None:
    best = advice.recommended
    assert best is not None
    today = advice.evaluated[0].measures
    meeting = [each for each in advice.evaluated if advice.slo.is_met(each.measures, today)]

    assert best in meeting
    assert advice.document()["recommended"]["probability"] >= 0.9
    assert best.measures.cost_per_month <= 1.2 * min(
        each.measures.cost_per_month for each in meeting
    )
    assert best.measures.cost_per_month < today.cost_per_month


def test_the_change_is_given_as_commands(advice: MappingAdvice) -> None:
    recommended = advice.document()["recommended"]

    assert recommended["commands"][0].startswith(
        "aws lambda update-event-source-mapping --uuid m-1 "
    )
    assert "AWS::Lambda::EventSourceMapping" in recommended["cloudformation"]


def test_the_true_optimum_is_in_the_recommended_set() -> None:
    """The truth: the same search with the handler that really ran, on the arrivals that really came."""
    held = 0
    for seed in range(6):
        advice, truth = searched(seed)
        assert advice.ranking is not None
        held += truth in advice.ranking.not_beaten

    assert held >= 5


def searched(seed: int) -> tuple[MappingAdvice, int | None]:
    """What is advised on a capture, and the place of the candidate that is best in truth, if any is good enough.

    The truth is the handler's own, on the captured arrivals; not one luck's, but the middle of many.
    """
    model = DurationModel(base_ms=300, per_record_ms=80, record_failure_share=0.002)
    settings = servers(5, batch_size=4, visibility_timeout_s=60, timeout_s=20)
    story = happened(arrivals(8, 400, seed), settings, model, seed)
    with (
        TemporaryDirectory() as folder,
        as_trace(Path(folder) / "t.trace", story) as trace,
    ):
        advice = mapping(trace, "sqs:orders", slo="p90 age < 4 s", vary=VARY, today=TODAY)
    costs: dict[int, float] = {}
    for place, each in enumerate(advice.evaluated):
        true = replace(each.candidate.settings, profile=settings.profile)
        traffic = advice.observed.traffic
        runs = [
            Scene(settled, traffic, model, pricing(), luck).measured(true) for luck in range(LUCKS)
        ]
        if median(run.p90_age_ms for run in runs) < 4_000:
            costs[place] = fmean(run.cost_per_month for run in runs)
    return advice, min(costs, key=costs.__getitem__, default=None)


def test_an_slo_that_nothing_meets_is_answered_with_what_can_be_reached(captured: Trace) -> None:
    advice = mapping(captured, "sqs:orders", slo="p99 age < 1 ms", vary=VARY, today=TODAY)

    document = advice.document()
    assert document["recommended"] is None
    assert "the handler alone takes" in document["reason"]
    assert not any(each["meets_slo"] for each in document["candidates"])


def test_without_an_slo_nothing_gets_slower(captured: Trace) -> None:
    advice = mapping(captured, "sqs:orders", vary={"batch_size": (1, 2)}, today=TODAY)

    best = advice.recommended
    assert best is not None
    assert best.measures.p99_age_ms <= 1.05 * advice.evaluated[0].measures.p99_age_ms


def test_a_configuration_that_did_not_run_is_refused(tmp_path: Path) -> None:
    ran = servers(2, batch_size=1, visibility_timeout_s=60, timeout_s=20)
    story = happened(arrivals(3, 200, seed=2), ran, DurationModel(base_ms=900, per_record_ms=100))
    claimed = replace(story, settings=servers(40, batch_size=10, visibility_timeout_s=60))
    with as_trace(tmp_path / "lie.trace", claimed) as trace:
        document = mapping(trace, "sqs:orders", today=TODAY).document()

    assert document["backtest"]["accepted"] is False
    assert document["recommended"] is None
    assert "does not reproduce the capture" in document["reason"]
    assert document["candidates"][0]["is_current"]


def test_a_capture_without_a_log_is_answered_with_what_is_missing(tmp_path: Path) -> None:
    told = resources(servers(5, batch_size=4))
    records = [sqs_message(number, seconds=number) for number in range(60)]
    with write_trace(tmp_path / "own.trace", records, told) as trace:
        document = mapping(trace, "sqs:orders", today=TODAY).document()

    assert document["backtest"]["accepted"] is False
    assert "REPORT" in document["reason"] or "invocations" in document["reason"]
    assert document["observed"]["records"] == 60


def test_one_batch_size_alone_predicts_no_other(tmp_path: Path) -> None:
    alone = servers(6, batch_size=1, visibility_timeout_s=60, timeout_s=20)
    story = happened(arrivals(5, 300, seed=3), alone, DurationModel(base_ms=300))
    with as_trace(tmp_path / "own.trace", story) as trace:
        advice = mapping(trace, "sqs:orders", today=TODAY)

    sizes = {each.candidate.settings.mapping.batch_size for each in advice.evaluated}
    assert sizes == {1}
    assert any("cannot be told apart" in note for note in advice.notes)


def test_a_malformed_slo_is_refused_before_any_work(captured: Trace) -> None:
    with pytest.raises(UsageError, match="wanted an SLO such as"):
        mapping(captured, "sqs:orders", slo="fast please")


def test_progress_is_told_and_may_end_the_work(captured: Trace) -> None:
    class Enough(Exception):
        pass

    def stop(what: str, done: int, total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        mapping(captured, "sqs:orders", vary=VARY, progress=stop, today=TODAY)


def test_another_memory_size_is_taken_at_its_worst(captured: Trace) -> None:
    vary = {"memory_mb": (256, 1_024)}
    advice = mapping(captured, "sqs:orders", slo="p90 age < 60 s", vary=vary, today=TODAY)

    by_memory = {each.candidate.settings.memory_mb: each.measures for each in advice.evaluated}
    assert by_memory[256].p50_age_ms > by_memory[512].p50_age_ms
    assert by_memory[1_024].p50_age_ms == by_memory[512].p50_age_ms
    assert by_memory[1_024].cost_per_month > by_memory[512].cost_per_month
    assert any("how much of a duration is computing" in note for note in advice.notes)
