"""FIFO queues: one invocation a group at a time, in order, a failed head in the way of its group alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import T0
from workbench.mapping import EventSourceMapping
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.fifo import groups_of
from workbench.tune.simulate.run import simulate
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import DEAD_LETTERED, SUCCEEDED
from workbench.tune.simulate.traffic import Traffic


def queue(*, reports: bool = False, visibility_s: float = 30, most: int | None = None) -> Settings:
    mapping = EventSourceMapping(
        function_response_types=("ReportBatchItemFailures",) if reports else (),
        maximum_concurrency=most,
    ).completed("sqs_fifo")
    return Settings(
        kind="sqs_fifo", mapping=mapping, visibility_timeout_s=visibility_s, max_receive_count=3
    )


def grouped(at_s: list[float], groups: list[int]) -> Traffic:
    count = len(at_s)
    return Traffic(
        T0,
        np.sort(np.array(at_s)),
        np.full(count, 300),
        np.array(groups),
        np.zeros(count, dtype=np.int64),
    )


def test_a_group_is_handled_by_one_invocation_at_a_time() -> None:
    one = simulate(grouped([0.0, 0.5], [7, 7]), queue(), DurationModel(base_ms=1_000))
    two = simulate(grouped([0.0, 0.5], [7, 8]), queue(), DurationModel(base_ms=1_000))

    assert one.ended_s == pytest.approx([1.0, 2.0])
    assert two.ended_s == pytest.approx([1.0, 1.5])


def test_concurrency_follows_the_groups_up_to_the_cap() -> None:
    at_s = [0.001 * number for number in range(200)]
    groups = [number % 20 for number in range(200)]
    model = DurationModel(base_ms=1_000)

    assert simulate(grouped(at_s, groups), queue(), model).concurrency()[1].max() == 20
    assert simulate(grouped(at_s, groups), queue(most=4), model).concurrency()[1].max() == 4


def test_a_poison_message_holds_its_group_until_it_is_a_dead_letter() -> None:
    # The seed under which the first message alone fails every time.
    model = DurationModel(base_ms=10, poison_share=0.3)
    traffic = grouped([0.0, 1.0, 2.0, 3.0], [1, 1, 2, 2])
    for seed in range(200):
        outcome = simulate(traffic, queue(reports=True), model, seed)
        if outcome.fate.tolist() == [DEAD_LETTERED, SUCCEEDED, SUCCEEDED, SUCCEEDED]:
            break

    # What comes behind the failed one is handed out with it, and comes back with it.
    assert outcome.deliveries.tolist() == [3, 3, 1, 1]
    assert outcome.ended_s[0] == pytest.approx(90.0)
    assert outcome.ended_s[1] == pytest.approx(90.01)
    assert outcome.ended_s[2] == pytest.approx(2.01)


def test_a_message_without_a_group_is_one_of_its_own() -> None:
    group, first, following = groups_of(np.array([-1, 4, -1, 4]))

    assert len(first) == 3
    assert group[0] != group[2]
    assert following.tolist() == [-1, 3, -1, -1]


@settings(max_examples=40, deadline=None)
@given(
    at_s=st.lists(st.floats(0, 60), min_size=1, max_size=50),
    groups=st.integers(1, 6),
    failing=st.sampled_from([0.0, 0.2, 0.6]),
    reports=st.booleans(),
    visibility_s=st.sampled_from([1.0, 30.0]),
    seed=st.integers(0, 1_000),
)
def test_order_within_a_group_is_never_broken(
    at_s: list[float], groups: int, failing: float, reports: bool, visibility_s: float, seed: int
) -> None:
    traffic = grouped(at_s, [number % groups for number in range(len(at_s))])
    model = DurationModel(base_ms=400, per_record_ms=100, record_failure_share=failing)

    outcome = simulate(traffic, queue(reports=reports, visibility_s=visibility_s), model, seed)

    assert outcome.share(SUCCEEDED) + outcome.share(DEAD_LETTERED) == pytest.approx(1.0)
    for group in range(groups):
        of_group = traffic.key == group
        ends = outcome.ended_s[of_group & (outcome.fate == SUCCEEDED)]
        assert (np.diff(ends) >= 0).all()
