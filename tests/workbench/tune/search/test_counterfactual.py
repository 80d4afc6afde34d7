"""Would it have happened? The same arrivals and the same luck, with one thing changed."""

import numpy as np
import pytest

from tests.workbench.tune.captures import arrivals, as_trace, happened
from tests.workbench.tune.simulate.systems import servers
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.tune import counterfactual, prepare
from workbench.tune.durations.model import DurationModel
from workbench.tune.search.counterfactual import parse_changes


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """A visibility timeout that some attempts outlast."""
    slow_tail = np.concatenate((np.full(90, 0.5), np.full(10, 8.0)))
    model = DurationModel(base_ms=1_000, residuals=slow_tail)
    settings = servers(40, batch_size=1, visibility_timeout_s=6, timeout_s=30)
    story = happened(arrivals(2, 300, seed=4), settings, model)
    return as_trace(tmp_path_factory.mktemp("short") / "own.trace", story)


def test_a_longer_visibility_timeout_would_have_spared_the_duplicates(short: Trace) -> None:
    answer = counterfactual(short, "sqs:orders", {"visibility_timeout_s": 60})

    assert answer.tested_accepted
    document = answer.document()
    assert document["observed"]["extra_deliveries"] > 10
    assert document["as_captured"]["overlapping"] > 10
    assert document["as_changed"]["extra_deliveries"] == 0
    assert document["spared_records"] > 10
    assert "instead of" in document["sentence"]


def test_what_changes_nothing_spares_nobody(short: Trace) -> None:
    answer = counterfactual(short, "sqs:orders", {"max_receive_count": 1_000})

    assert answer.spared == 0


def test_a_change_is_wanted_and_must_be_one(short: Trace) -> None:
    with pytest.raises(UsageError, match="wanted a setting to change"):
        counterfactual(short, "sqs:orders", {})
    with pytest.raises(UsageError, match="found 'colour'"):
        counterfactual(short, "sqs:orders", {"colour": 3})


def test_changes_are_read_under_either_name() -> None:
    assert parse_changes(["VisibilityTimeout=180"]) == {"visibility_timeout_s": 180}
    with pytest.raises(UsageError, match="wanted one value"):
        parse_changes(["batch_size=1,2"])


def test_a_prepared_capture_answers_again_and_again(short: Trace) -> None:
    ready = prepare(short, "sqs:orders")

    longer = ready.run(visibility_timeout_s=60)
    ages = ready.age_over_time(longer)

    assert ready.run().overlapping > longer.overlapping == 0
    assert set(ages["series"]) == {"observed", "simulated"}
    assert ages.columns == ["at", "p50_age_s", "p99_age_s", "series"]
    assert (ages["p99_age_s"] >= ages["p50_age_s"]).all()
