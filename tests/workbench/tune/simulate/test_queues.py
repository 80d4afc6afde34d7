"""Queues, held against formulas, against a slow simulation that shares no code, and against laws."""

from dataclasses import replace
from math import exp, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import T0
from tests.workbench.tune.simulate.plain_queue import plain_queue
from tests.workbench.tune.simulate.systems import (
    EXPONENTIAL,
    NEVER_S,
    exponential,
    poisson,
    servers,
    waits,
)
from workbench.mapping import EventSourceMapping, WindowStart
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.profiles import PROFILES
from workbench.tune.simulate.run import simulate
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import (
    DEAD_LETTERED,
    EXPIRED,
    IN_FLIGHT,
    SUCCEEDED,
    Simulated,
)
from workbench.tune.simulate.traffic import Traffic, plain_traffic

COUNT = 400_000


def erlang_b(load: float, count: int) -> float:
    blocked = 1.0
    for number in range(1, count + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def mmc_wait(rate: float, service_s: float, count: int) -> tuple[float, float]:
    """Chance to wait, and the mean wait, of M/M/c."""
    load = rate * service_s
    blocked = erlang_b(load, count)
    share = load / count
    waiting = blocked / (1 - share * (1 - blocked))
    return waiting, waiting / (count / service_s - rate)


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_one_server_waits_as_mm1(share: float) -> None:
    outcome = simulate(poisson(share, COUNT), servers(1), exponential(1.0))

    wanted = share / (1 - share)
    variance = share * (2 + 5 * share - 4 * share**2 + share**3) / (1 - share) ** 4
    assert waits(outcome).mean() == pytest.approx(wanted, abs=4 * (variance / COUNT) ** 0.5)
    waited = float(np.mean(waits(outcome) > 2.0))
    assert waited == pytest.approx(share * exp(-(1 - share) * 2.0), rel=0.08)


def test_a_constant_service_waits_half_as_long() -> None:
    outcome = simulate(poisson(0.8, COUNT), servers(1), DurationModel(base_ms=1_000))

    assert waits(outcome).mean() == pytest.approx(0.8 / (2 * 0.2), rel=0.06)


def test_any_service_waits_by_its_second_moment() -> None:
    quantiles = np.exp(
        np.sqrt(0.64) * np.sqrt(2) * _erfinv(2 * (np.arange(8_192) + 0.5) / 8_192 - 1)
    )
    model = DurationModel(base_ms=1_000, residuals=quantiles)
    mean, second = float(quantiles.mean()), float((quantiles**2).mean())
    rate = 0.7 / mean

    outcome = simulate(poisson(rate, COUNT), servers(1), model)

    assert waits(outcome).mean() == pytest.approx(rate * second / (2 * 0.3), rel=0.1)


def _erfinv(values: np.ndarray) -> np.ndarray:
    from scipy.special import erfinv

    found: np.ndarray = erfinv(values)
    return found


@pytest.mark.parametrize("count", [10, 50])
def test_many_servers_wait_as_mmc(count: int) -> None:
    rate = 0.8 * count
    outcome = simulate(poisson(rate, COUNT), servers(count), exponential(1.0))

    share, mean = mmc_wait(rate, 1.0, count)
    assert waits(outcome).mean() == pytest.approx(mean, rel=0.1)
    assert float(np.mean(waits(outcome) > 1e-9)) == pytest.approx(share, rel=0.1)


def test_the_approximation_for_any_service_is_near() -> None:
    quantiles = np.concatenate((np.full(4_096, 0.5), np.full(4_096, 1.5)))
    outcome = simulate(
        poisson(8.0, COUNT), servers(10), DurationModel(base_ms=1_000, residuals=quantiles)
    )

    _, mean = mmc_wait(8.0, 1.0, 10)
    assert waits(outcome).mean() == pytest.approx(mean * (1 + 0.25) / 2, rel=0.15)


def test_the_approximation_for_many_servers_is_near() -> None:
    """Sakasegawa's: mean wait of G/G/c from load, spread and the number of servers alone."""
    outcome = simulate(poisson(8.0, COUNT), servers(10), exponential(1.0))

    wanted = 0.8 ** ((2 * 11) ** 0.5 - 1) / (10 * 0.2)
    assert waits(outcome).mean() == pytest.approx(wanted, rel=0.2)


def test_without_a_cap_concurrency_is_that_of_the_offered_load() -> None:
    outcome = simulate(poisson(20.0, COUNT), servers(1_000), exponential(1.0))

    calls = outcome.invocations
    at = np.linspace(100.0, float(outcome.traffic.at_s[-1]) - 1, 5_000)
    begun = np.searchsorted(np.sort(calls.begins_s), at, side="right")
    over = np.searchsorted(np.sort(calls.begins_s + calls.duration_s), at, side="right")
    busy = begun - over
    assert busy.mean() == pytest.approx(20.0, rel=0.03)
    assert busy.var() == pytest.approx(20.0, rel=0.12)


def test_littles_law_holds_exactly() -> None:
    outcome = simulate(poisson(8.0, 20_000), servers(10), exponential(1.0))

    instants, busy = outcome.concurrency()
    in_service = float((np.diff(instants) * busy[:-1]).sum())
    assert in_service == pytest.approx(float(outcome.invocations.duration_s.sum()))


@pytest.mark.parametrize(
    ("batch_size", "window_s", "rate"), [(10, 1, 4.0), (100, 2, 20.0), (5, 3, 1.0)]
)
def test_batches_from_the_first_record_on_are_as_large_as_the_formula_says(
    batch_size: int, window_s: int, rate: float
) -> None:
    traffic = poisson(rate, 200_000)
    outcome = simulate(
        traffic, servers(500, batch_size=batch_size, window_s=window_s), DurationModel(base_ms=1)
    )

    drawn = np.random.default_rng(3).poisson(rate * window_s, 2_000_000)
    wanted = 1 + np.minimum(batch_size - 1, drawn).mean()
    assert outcome.invocations.records.mean() == pytest.approx(wanted, rel=0.01)
    # The wait: (1/E[N]) * integral over the window of the sum of (1+k) P(Poisson(rate u) = k), k up to B-2.
    steps = (np.arange(2_000) + 0.5) / 2_000 * window_s
    counts = np.arange(batch_size - 1)
    logs = np.cumsum(np.concatenate(([0.0], np.log(np.arange(1, batch_size - 1)))))
    chances = np.exp(-rate * steps[:, None] + counts * np.log(rate * steps[:, None]) - logs[counts])
    waited = ((1 + counts) * chances).sum(axis=1).mean() * window_s / wanted
    assert waits(outcome).mean() == pytest.approx(waited, rel=0.02)


def test_a_backlog_grows_and_drains_by_the_difference_of_rates() -> None:
    traffic = plain_traffic(T0, np.arange(1_000) / 20)

    outcome = simulate(traffic, servers(10), DurationModel(base_ms=1_000))

    # 20 a second come for 50 s, 10 a second are handled: the last ends when 1,000 services in 10 lines are over.
    assert float(outcome.ended_s.max()) == pytest.approx(100.0, abs=1.0)


def test_receives_are_geometric_and_dead_letters_a_power() -> None:
    model = DurationModel(base_ms=1, record_failure_share=0.4)
    traffic = plain_traffic(T0, np.arange(50_000) / 1_000)

    outcome = simulate(traffic, servers(500, visibility_timeout_s=30, max_receive_count=3), model)

    assert outcome.share(DEAD_LETTERED) == pytest.approx(0.4**3, abs=4 * (0.064 / 50_000) ** 0.5)
    assert outcome.deliveries.mean() == pytest.approx(1 + 0.4 + 0.16, rel=0.02)


def test_pollers_are_added_at_their_rate_while_messages_wait() -> None:
    mapping = EventSourceMapping(batch_size=10).completed("sqs")
    ramp = Settings(kind="sqs", mapping=mapping, visibility_timeout_s=NEVER_S, retention_s=inf)
    traffic = plain_traffic(T0, np.zeros(60_000))

    outcome = simulate(traffic, ramp, DurationModel(base_ms=1_000))

    # With 5 + 5 t at once, one second each and 10 in a batch, the backlog is gone when 10 (5 t + 2.5 t²) = 60,000.
    wanted = (-5 + (25 + 4 * 2.5 * 6_000) ** 0.5) / 5
    assert float(outcome.ended_s.max()) == pytest.approx(wanted, rel=0.06)


def test_the_older_profile_is_slower_and_lower() -> None:
    from workbench.tune.simulate.profiles import profile

    mapping = EventSourceMapping(batch_size=10).completed("sqs")
    now = Settings(kind="sqs", mapping=mapping, visibility_timeout_s=NEVER_S, retention_s=inf)
    before = replace(now, profile=profile("before_2023_11"))
    traffic = plain_traffic(T0, np.zeros(20_000))

    ends = [
        float(simulate(traffic, each, DurationModel(base_ms=1_000)).ended_s.max())
        for each in (now, before)
    ]

    assert ends[1] > 1.5 * ends[0]


traffics = st.lists(st.floats(0, 60), min_size=1, max_size=60).map(
    lambda at: Traffic(
        T0,
        np.sort(np.array(at)),
        np.array([100, 4_000_000, 250, 3_000_000])[np.arange(len(at)) % 4],
        np.full(len(at), -1),
        np.zeros(len(at), dtype=np.int64),
    )
)
models = st.builds(
    DurationModel,
    base_ms=st.sampled_from([1.0, 500.0, 4_000.0]),
    per_record_ms=st.sampled_from([0.0, 200.0]),
    per_byte_ms=st.sampled_from([0.0, 0.001]),
    residuals=st.sampled_from([np.ones(1), EXPONENTIAL]),
    record_failure_share=st.sampled_from([0.0, 0.3]),
    poison_share=st.sampled_from([0.0, 0.1]),
)
queues = st.builds(
    servers,
    st.integers(1, 4),
    window_start=st.sampled_from(["first_record", "previous_completion"]),
    batch_size=st.integers(1, 6),
    window_s=st.sampled_from([0, 1, 5]),
    visibility_timeout_s=st.sampled_from([2.0, 10.0, 60.0]),
    max_receive_count=st.sampled_from([None, 1, 3]),
    reports=st.booleans(),
    timeout_s=st.sampled_from([3.0, 900.0]),
    retention_s=st.sampled_from([100.0, 3_600.0]),
)


@settings(max_examples=50, deadline=None)
@given(traffic=traffics, queue=queues, model=models, seed=st.integers(0, 1_000))
def test_the_slow_simulation_says_the_same_of_every_message(
    traffic: Traffic, queue: Settings, model: DurationModel, seed: int
) -> None:
    agree(traffic, queue, model, seed)


@pytest.mark.parametrize("window_start", ["first_record", "previous_completion"])
@pytest.mark.parametrize("seed", range(20))
def test_the_slow_simulation_says_the_same_of_a_crowd(window_start: WindowStart, seed: int) -> None:
    """Windows and the payload limit decide where many come together, which few examples do by themselves."""
    chance = np.random.default_rng(seed)
    at_s = np.sort(chance.uniform(0, 60, 120))
    sizes = chance.choice([100, 400, 3_000_000, 5_000_000], 120, p=[0.4, 0.4, 0.1, 0.1])
    traffic = replace(plain_traffic(T0, at_s), bytes=sizes)
    queue = servers(
        int(chance.integers(1, 4)),
        window_start=window_start,
        batch_size=int(chance.integers(2, 20)),
        window_s=int(chance.choice([1, 2, 5])),
        visibility_timeout_s=60.0,
        max_receive_count=3,
    )
    agree(traffic, queue, DurationModel(base_ms=400, residuals=EXPONENTIAL), seed)


def agree(traffic: Traffic, queue: Settings, model: DurationModel, seed: int) -> None:
    """Both simulations tell the same of every message."""
    outcome = simulate(traffic, queue, model, seed)

    for message in plain_queue(traffic, queue, model, seed):
        place = message.number
        assert outcome.deliveries[place] == message.deliveries
        fate = {"": SUCCEEDED, "expired": EXPIRED, "dead_lettered": DEAD_LETTERED}[message.gone]
        assert outcome.fate[place] == fate
        if message.first_s is not None:
            assert outcome.first_begins_s[place] == pytest.approx(message.first_s)
        if not message.gone:
            assert outcome.ended_s[place] == pytest.approx(message.done_s)


@settings(max_examples=30, deadline=None)
@given(traffic=traffics, queue=queues, model=models, stop_s=st.floats(0, 100))
def test_every_message_has_one_fate_whenever_the_clock_stops(
    traffic: Traffic, queue: Settings, model: DurationModel, stop_s: float
) -> None:
    outcome = simulate(traffic, queue, model, 1, stop_s)

    fates = [outcome.share(fate) for fate in (SUCCEEDED, DEAD_LETTERED, EXPIRED, IN_FLIGHT)]
    assert sum(fates) == pytest.approx(1.0)
    known = outcome.fate != IN_FLIGHT
    assert np.isnan(outcome.ended_s[~known]).all()
    assert (outcome.ended_s[known] >= traffic.at_s[known]).all()
    assert outcome.invocations.records.sum() <= outcome.deliveries.sum()


@settings(max_examples=30, deadline=None)
@given(traffic=traffics, count=st.integers(1, 5), seed=st.integers(0, 100))
def test_another_server_makes_no_wait_longer(traffic: Traffic, count: int, seed: int) -> None:
    fewer = simulate(traffic, servers(count), exponential(2.0), seed)
    more = simulate(traffic, servers(count + 1), exponential(2.0), seed)

    assert (waits(more) <= waits(fewer) + 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(traffic=traffics, count=st.integers(1, 5), factor=st.sampled_from([0.5, 2.0, 8.0]))
def test_times_scale(traffic: Traffic, count: int, factor: float) -> None:
    plain = simulate(traffic, servers(count), exponential(2.0))
    scaled = simulate(
        replace(traffic, at_s=traffic.at_s * factor), servers(count), exponential(2.0 * factor)
    )

    assert scaled.ended_s == pytest.approx(plain.ended_s * factor)


@settings(max_examples=30, deadline=None)
@given(traffic=traffics, count=st.integers(1, 5), seed=st.integers(0, 100))
def test_single_messages_without_a_window_are_ggc(traffic: Traffic, count: int, seed: int) -> None:
    outcome = simulate(traffic, servers(count), exponential(2.0), seed)

    free = [-inf] * count
    for place, at in enumerate(traffic.at_s):
        begin = max(at, min(free))
        assert outcome.first_begins_s[place] == pytest.approx(begin)
        free[free.index(min(free))] = float(outcome.ended_s[place])


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    traffic, model = poisson(8.0, 5_000), exponential(1.0)

    def bytes_of(outcome: Simulated) -> bytes:
        return outcome.ended_s.tobytes() + outcome.invocations.begins_s.tobytes()

    first, again, other = (simulate(traffic, servers(10), model, seed) for seed in (1, 1, 2))

    assert bytes_of(first) == bytes_of(again)
    assert bytes_of(first) != bytes_of(other)


def test_a_visibility_timeout_shorter_than_the_handler_hands_messages_out_twice_at_once() -> None:
    traffic = plain_traffic(T0, np.arange(100) / 10)
    model = DurationModel(base_ms=5_000)

    short = simulate(traffic, servers(200, visibility_timeout_s=3), model)
    enough = simulate(traffic, servers(200, visibility_timeout_s=30), model)

    assert short.overlapping == short.duplicates == 100
    assert enough.overlapping == enough.duplicates == 0
    assert short.share(SUCCEEDED) == 1.0


def test_a_function_with_fewer_environments_than_pollers_throttles() -> None:
    traffic = plain_traffic(T0, np.zeros(400))
    narrow = servers(50, visibility_timeout_s=10, reserved_concurrency=5)

    outcome = simulate(traffic, narrow, DurationModel(base_ms=2_000))

    assert outcome.throttles > 0
    assert outcome.concurrency()[1].max() == 5
    assert outcome.deliveries.max() > 1


def test_a_function_that_may_not_run_sends_everything_to_the_dead_letter_queue() -> None:
    traffic = plain_traffic(T0, np.arange(50.0))
    off = servers(5, visibility_timeout_s=10, max_receive_count=3, reserved_concurrency=0)

    outcome = simulate(traffic, off, DurationModel(base_ms=100))

    assert outcome.share(DEAD_LETTERED) == 1.0
    assert (outcome.deliveries == 3).all()
    assert len(outcome.invocations) == 0
    assert outcome.throttles > 0


@pytest.mark.parametrize(("errors", "measured"), [(0.01, 25), (0.05, 16), (0.10, 13)])
def test_errors_slow_a_queue_down_about_as_much_as_was_measured(
    errors: float, measured: int
) -> None:
    """Concurrency that a mapping without a limit settled at, from 60; 50 ms handlers. The law is not known."""
    traffic = poisson(1_000.0, 300_000)
    queue = servers(5, visibility_timeout_s=30, window_start="previous_completion")
    slowed = replace(queue, profile=replace(PROFILES["measured"], environments_added_per_10_s=1e9))

    outcome = simulate(traffic, slowed, DurationModel(base_ms=50, record_failure_share=errors))

    calls = outcome.invocations
    settled = (calls.begins_s > 60) & (calls.begins_s < 300)
    busy = calls.duration_s[settled].sum() / 240
    assert measured / 1.5 < busy < measured * 1.5


def test_the_first_invocation_of_an_environment_is_initialised() -> None:
    traffic = plain_traffic(T0, np.array([0.0, 1.0, 700.0]))
    model = DurationModel(base_ms=100, init_ms=np.array([300.0]))

    outcome = simulate(traffic, servers(5), model)

    assert outcome.invocations.init_s.tolist() == [0.3, 0.0, 0.3]
    assert outcome.first_begins_s == pytest.approx([0.3, 1.0, 700.3])


@settings(max_examples=30, deadline=None)
@given(traffic=traffics, count=st.integers(1, 5), seed=st.integers(0, 100))
def test_the_short_way_for_plain_queues_says_the_same(
    traffic: Traffic, count: int, seed: int
) -> None:
    short = simulate(traffic, servers(count), exponential(2.0), seed)
    # A stop that nothing reaches leaves the short way.
    whole = simulate(traffic, servers(count), exponential(2.0), seed, until_s=1e12)

    assert short.ended_s == pytest.approx(whole.ended_s)
    assert short.first_begins_s == pytest.approx(whole.first_begins_s)
    assert len(short.invocations) == len(whole.invocations)


@settings(max_examples=20, deadline=None)
@given(traffic=traffics, seed=st.integers(0, 100))
def test_with_a_server_for_everybody_nobody_waits(traffic: Traffic, seed: int) -> None:
    outcome = simulate(traffic, servers(len(traffic) + 1), exponential(2.0), seed)

    assert waits(outcome) == pytest.approx(0.0)


@settings(max_examples=20, deadline=None)
@given(traffic=traffics, count=st.integers(1, 3))
def test_a_capture_may_be_split_where_it_is_idle(traffic: Traffic, count: int) -> None:
    """What is behind a pause longer than all work is as if nothing had been before."""
    later = replace(traffic, at_s=traffic.at_s + 10_000.0)
    both = replace(
        traffic,
        at_s=np.concatenate((traffic.at_s, later.at_s)),
        bytes=np.concatenate((traffic.bytes, later.bytes)),
        key=np.concatenate((traffic.key, later.key)),
        partition=np.concatenate((traffic.partition, later.partition)),
    )
    model, queue = DurationModel(base_ms=700), servers(count, batch_size=3, window_s=1)

    whole = simulate(both, queue, model)

    alone = simulate(traffic, queue, model)
    assert whole.ended_s == pytest.approx(np.concatenate((alone.ended_s, alone.ended_s + 10_000.0)))
