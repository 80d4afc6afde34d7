"""What is observed of a capture is what happened: ages, batches, configuration, and what of it is not known."""

from pathlib import Path

import numpy as np
import pytest

from connectors.record import Resource
from tests.factories import QUEUE, T0, TOPIC, sns_notification, sqs_message, write_trace
from tests.workbench.logged import invocation
from tests.workbench.tune.captures import Happened, arrivals, as_trace, happened, resources
from tests.workbench.tune.simulate.systems import servers
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.tune.durations.model import DurationModel
from workbench.tune.observed import observe
from workbench.tune.simulate.run import simulate


@pytest.fixture(scope="module")
def story() -> Happened:
    settings = servers(5, batch_size=4, visibility_timeout_s=20, timeout_s=10)
    model = DurationModel(base_ms=200, per_record_ms=50, record_failure_share=0.05)
    return happened(arrivals(4, 200, seed=1), settings, model)


@pytest.fixture(scope="module")
def captured(story: Happened, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    return as_trace(tmp_path_factory.mktemp("observed") / "own.trace", story)


def test_ages_batches_and_deliveries_are_those_that_were(story: Happened, captured: Trace) -> None:
    seen, was = observe(captured, "sqs:orders"), story.observed()

    joined = ~np.isnan(seen.age_s)
    assert (
        seen.joined_share > 0.98
    )  # where START is logged a hair before the message came, no one was given it
    assert seen.age_s[joined] == pytest.approx(was.age_s[joined], abs=0.002)
    assert seen.deliveries.tolist() == was.deliveries.tolist()
    assert seen.batch_sizes()["records"].to_list() == was.batch_sizes()["records"].to_list()
    assert seen.traffic.at_s == pytest.approx(was.traffic.at_s - was.traffic.at_s[0], abs=0.001)


def test_the_configuration_is_the_captured_one(story: Happened, captured: Trace) -> None:
    seen = observe(captured, "sqs:orders")

    assert seen.assumed == ()
    assert seen.function_name == "charge"
    assert seen.settings.mapping == story.settings.mapping
    assert (seen.settings.timeout_s, seen.settings.visibility_timeout_s) == (10, 20)


def test_the_document_has_figures_for_what_is_known(captured: Trace) -> None:
    document = observe(captured, "sqs:orders").document()

    assert document["records"] == 200
    assert document["p50_age_ms"] <= document["p99_age_ms"]
    assert sum(document["batch_sizes"].values()) >= 0.98 * document["invocations"]
    assert document["dead_letters"] is None
    assert document["error_share"] > 0


def test_what_was_not_captured_is_assumed_and_said(tmp_path: Path, story: Happened) -> None:
    with write_trace(
        tmp_path / "own.trace", [sqs_message(1)], resources(story.settings)[:1]
    ) as trace:
        seen = observe(trace, "sqs:orders")

    assert len(seen.assumed) == 2
    assert any("VisibilityTimeout 30 s" in each for each in seen.assumed)
    assert seen.settings.timeout_s == 3
    assert np.isnan(seen.age_s).all()
    assert seen.document()["p99_age_ms"] is None


def test_a_source_without_mapping_or_log_is_answered_with_what_to_capture(tmp_path: Path) -> None:
    records = [sqs_message(1), sns_notification(1)]
    with write_trace(tmp_path / "own.trace", records) as trace:
        with pytest.raises(UsageError, match="capture lambda:FUNCTION"):
            observe(trace, QUEUE)
        with pytest.raises(UsageError, match="no event source mapping"):
            observe(trace, TOPIC)


def test_a_function_that_is_not_there_is_answered_with_those_that_are(captured: Trace) -> None:
    with pytest.raises(UsageError, match="there are charge"):
        observe(captured, "sqs:orders", function="refund")


def test_a_queues_delay_is_in_the_age_and_nobody_could_receive_before(
    tmp_path: Path, story: Happened
) -> None:
    delayed = Resource(QUEUE, "get-queue-attributes", T0, '{"Attributes": {"DelaySeconds": "5"}}')
    mapping, _, function = resources(story.settings)
    records = [sqs_message(1), *invocation(1, 7, 1_000, lines=(sqs_message(1).record_id,))]
    with write_trace(tmp_path / "own.trace", records, [mapping, delayed, function]) as trace:
        seen = observe(trace, "sqs:orders")

    assert seen.traffic.at_s.tolist() == [5.0]
    assert seen.age_s.tolist() == [8.0]
    quick = simulate(seen.traffic, seen.settings, DurationModel(base_ms=1_000))
    assert quick.age_s.tolist() == [6.0]
