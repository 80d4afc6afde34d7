"""Streams, held against formulas, a slow simulation that shares no code, and laws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import T0
from tests.workbench.tune.simulate.plain_stream import plain_lane
from tests.workbench.tune.simulate.systems import EXPONENTIAL, exponential, poisson, waits
from workbench.mapping import EventSourceMapping, WindowStart
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.profiles import PROFILES
from workbench.tune.simulate.run import simulate
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import DISCARDED, EXPIRED, IN_FLIGHT, SUCCEEDED
from workbench.tune.simulate.traffic import Traffic

COUNT = 300_000


def stream(
    *,
    batch_size: int = 100,
    window_s: int = 0,
    lanes: int = 1,
    retries: int = -1,
    age_s: int = -1,
    bisects: bool = False,
    reports: bool = False,
    polls_s: float = 0.0,
    window_start: WindowStart = "previous_completion",
    **more: object,
) -> Settings:
    mapping = EventSourceMapping(
        batch_size=batch_size,
        maximum_batching_window_in_seconds=window_s,
        parallelization_factor=lanes,
        maximum_retry_attempts=retries,
        maximum_record_age_in_seconds=age_s,
        bisect_batch_on_function_error=bisects,
        function_response_types=("ReportBatchItemFailures",) if reports else (),
    ).completed("kinesis")
    plain = replace(PROFILES["documented"], stream_poll_s=polls_s, window_start=window_start)
    made = Settings(
        kind="kinesis", mapping=mapping, timeout_s=900, retention_s=86_400, profile=plain
    )
    return replace(made, **more)  # type: ignore[arg-type]


def keyed(traffic: Traffic, keys: int, shards: int = 1, seed: int = 5) -> Traffic:
    key = np.random.default_rng(seed).integers(0, keys, len(traffic))
    return replace(traffic, key=key, partition=key % shards)


@pytest.mark.parametrize("most", [5, 10])
def test_one_lane_that_takes_what_is_there_is_bulk_service(most: int) -> None:
    rate, service_rate = 0.7 * most, 1.0
    roots = np.roots([service_rate, *[0.0] * (most - 1), -(rate + service_rate), rate])
    root = next(
        float(each.real) for each in roots if abs(each.imag) < 1e-9 and 1e-9 < each.real < 1 - 1e-9
    )
    share = 1 / (service_rate / rate + 1 / (1 - root))
    wanted = share * root / (1 - root) ** 2 / rate

    outcome = simulate(poisson(rate, COUNT), stream(batch_size=most), exponential(1.0))

    assert waits(outcome).mean() == pytest.approx(wanted, rel=0.05)


def test_an_idle_shard_is_seen_at_its_next_poll() -> None:
    outcome = simulate(
        poisson(0.02, 20_000), stream(batch_size=1, polls_s=1.0), DurationModel(base_ms=1)
    )

    assert waits(outcome).mean() == pytest.approx(0.5, abs=0.02)
    assert np.quantile(waits(outcome), 0.99) == pytest.approx(0.99, abs=0.01)


def test_enhanced_fan_out_pushes() -> None:
    settings = stream(batch_size=1, polls_s=1.0, enhanced_fan_out=True)

    outcome = simulate(poisson(0.02, 2_000), settings, DurationModel(base_ms=1))

    assert waits(outcome) == pytest.approx(0.07)


def test_a_lane_behind_grows_and_drains_by_the_difference_of_rates() -> None:
    traffic = replace(poisson(1, 1_000), at_s=np.arange(1_000) / 20)

    outcome = simulate(traffic, stream(batch_size=10), DurationModel(base_ms=1_000))

    assert float(outcome.ended_s.max()) == pytest.approx(101.0, abs=1.0)


def test_attempts_are_geometric() -> None:
    model = DurationModel(base_ms=1, record_failure_share=0.3)
    traffic = replace(poisson(1, 20_000), at_s=np.arange(20_000) * 100.0)

    outcome = simulate(traffic, stream(batch_size=1, retries=2), model)

    assert outcome.share(DISCARDED) == pytest.approx(0.3**3, abs=0.005)
    assert outcome.deliveries.mean() == pytest.approx(1 + 0.3 + 0.09, rel=0.02)


def test_a_window_fills_batches_from_the_first_record_on() -> None:
    settings = stream(batch_size=1_000, window_s=2, window_start="first_record")

    outcome = simulate(poisson(5.0, 100_000), settings, DurationModel(base_ms=0.001))

    assert outcome.invocations.records.mean() == pytest.approx(1 + 5.0 * 2, rel=0.01)


def test_a_cap_on_concurrency_couples_the_lanes() -> None:
    traffic = keyed(poisson(50, 5_000), keys=1_000, shards=10)
    free = simulate(traffic, stream(batch_size=1), DurationModel(base_ms=100))
    capped = simulate(
        traffic, stream(batch_size=1, reserved_concurrency=2), DurationModel(base_ms=100)
    )

    assert free.throttles == 0
    assert free.concurrency()[1].max() > 2
    assert capped.concurrency()[1].max() == 2
    assert capped.throttles > 0
    assert capped.deliveries.max() == 1


def test_a_function_that_may_not_run_lets_everything_become_too_old() -> None:
    traffic = poisson(5.0, 100)

    outcome = simulate(traffic, stream(lanes=2, reserved_concurrency=0), exponential(1.0))

    assert (outcome.fate == EXPIRED).all()
    assert len(outcome.invocations) == 0


def test_the_tables_stream_is_polled_four_times_a_second() -> None:
    mapping = EventSourceMapping(batch_size=1).completed("dynamodb")
    table = Settings(kind="dynamodb", mapping=mapping, retention_s=86_400)

    outcome = simulate(poisson(0.02, 10_000), table, DurationModel(base_ms=1))

    assert waits(outcome).mean() == pytest.approx(0.125, abs=0.01)


traffics = st.lists(st.floats(0, 60), min_size=1, max_size=50).map(
    lambda at: Traffic(
        T0,
        np.round(np.sort(np.array(at)), 3),
        np.arange(len(at)) % 5 * 50 + 100,
        np.arange(len(at)) % 7,
        np.zeros(len(at), dtype=np.int64),
    )
)
models = st.builds(
    DurationModel,
    base_ms=st.sampled_from([1.0, 500.0, 4_000.0]),
    per_record_ms=st.sampled_from([0.0, 200.0]),
    residuals=st.sampled_from([np.ones(1), EXPONENTIAL]),
    record_failure_share=st.sampled_from([0.0, 0.3]),
    poison_share=st.sampled_from([0.0, 0.1]),
)
mappings = st.builds(
    stream,
    batch_size=st.integers(1, 12),
    window_s=st.sampled_from([0, 1, 5]),
    retries=st.sampled_from([0, 1, 3]),
    age_s=st.sampled_from([-1, 60]),
    bisects=st.booleans(),
    reports=st.booleans(),
    window_start=st.sampled_from(["previous_completion", "first_record"]),
    timeout_s=st.sampled_from([3.0, 900.0]),
)


@settings(max_examples=50, deadline=None)
@given(traffic=traffics, mapping=mappings, model=models, seed=st.integers(0, 1_000))
def test_the_slow_simulation_says_the_same_of_every_record(
    traffic: Traffic, mapping: Settings, model: DurationModel, seed: int
) -> None:
    outcome = simulate(traffic, mapping, model, seed)
    told = plain_lane(traffic, mapping, model, seed)

    names = {SUCCEEDED: "done", DISCARDED: "given up", EXPIRED: "old"}
    for place in range(len(traffic)):
        assert outcome.deliveries[place] == told.deliveries.get(place, 0)
        fate = names[int(outcome.fate[place])]
        assert fate == told.fate[place] or {fate, told.fate[place]} == {"given up", "old"}
        assert outcome.ended_s[place] == pytest.approx(told.ended_s[place], abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(traffic=traffics, mapping=mappings, model=models, stop_s=st.floats(0, 100))
def test_every_record_has_one_fate_whenever_the_clock_stops(
    traffic: Traffic, mapping: Settings, model: DurationModel, stop_s: float
) -> None:
    outcome = simulate(traffic, mapping, model, 1, stop_s)

    shares = [outcome.share(fate) for fate in (SUCCEEDED, DISCARDED, EXPIRED, IN_FLIGHT)]
    assert sum(shares) == pytest.approx(1.0)
    assert np.isnan(outcome.ended_s[outcome.fate == IN_FLIGHT]).all()


@settings(max_examples=30, deadline=None)
@given(traffic=traffics, lanes=st.integers(1, 10), mapping=mappings, model=models)
def test_order_within_a_key_is_never_broken(
    traffic: Traffic, lanes: int, mapping: Settings, model: DurationModel
) -> None:
    factored = replace(mapping, mapping=replace(mapping.mapping, parallelization_factor=lanes))

    outcome = simulate(traffic, factored, model)

    for key in np.unique(traffic.key):
        assert (np.diff(outcome.ended_s[traffic.key == key]) >= 0).all()


@settings(max_examples=30, deadline=None)
@given(traffic=traffics, seed=st.integers(0, 100))
def test_more_lanes_make_no_wait_longer(traffic: Traffic, seed: int) -> None:
    one = simulate(traffic, stream(batch_size=1), exponential(2.0), seed)
    # Each key alone: the finest that lanes can be.
    apart = replace(traffic, partition=traffic.key)
    all_apart = simulate(apart, stream(batch_size=1), exponential(2.0), seed)

    assert (waits(all_apart) <= waits(one) + 1e-9).all()


@settings(max_examples=20, deadline=None)
@given(traffic=traffics, factor=st.sampled_from([0.5, 2.0, 8.0]))
def test_times_scale(traffic: Traffic, factor: float) -> None:
    plain = simulate(traffic, stream(batch_size=3), exponential(2.0))
    scaled = simulate(
        replace(traffic, at_s=traffic.at_s * factor),
        stream(batch_size=3),
        exponential(2.0 * factor),
    )

    assert scaled.ended_s == pytest.approx(plain.ended_s * factor)


def test_shards_are_apart_as_streams_of_their_own() -> None:
    traffic = keyed(poisson(20, 4_000), keys=400, shards=4)
    whole = simulate(traffic, stream(), DurationModel(base_ms=300))

    for shard in range(4):
        own = traffic.partition == shard
        part = replace(
            traffic,
            at_s=traffic.at_s[own],
            bytes=traffic.bytes[own],
            key=traffic.key[own],
            partition=traffic.partition[own],
        )
        alone = simulate(part, stream(), DurationModel(base_ms=300))
        assert whole.ended_s[own] == pytest.approx(alone.ended_s)
