"""Laws of the read budget."""

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.budget import (
    LEAST_CALLS_PER_SECOND,
    RECOVERY_MS,
    SHARES,
    Budget,
    Budgets,
    share_of,
)
from connectors.record import Service

RATES = st.floats(0.1, 60, allow_nan=False)
PAUSES_MS = st.lists(st.integers(0, 700), min_size=1, max_size=150)


def taken(budget: Budget, now_ms: int) -> int:
    """When the call was made that was wanted now."""
    while delay_ms := budget.take(now_ms):
        now_ms += delay_ms
    return now_ms


def fullest_second(calls: list[int]) -> int:
    return max(sum(start <= at < start + 1000 for at in calls) for start in calls)


@given(RATES, PAUSES_MS)
def test_no_second_ever_holds_more_calls_than_the_rate(rate: float, pauses_ms: list[int]) -> None:
    budget = Budget(rate)
    now_ms, calls = 0, []
    for pause_ms in pauses_ms:
        now_ms = taken(budget, now_ms + pause_ms)
        calls.append(now_ms)

    assert fullest_second(calls) <= max(1, rate)
    if rate < 1:
        assert all(after - before >= 1000 / rate for before, after in pairwise(calls))


@given(
    RATES,
    st.lists(
        st.tuples(st.integers(0, 700), st.booleans(), st.integers(0, 9_000_000)),
        min_size=1,
        max_size=120,
    ),
)
def test_nor_when_answers_are_large_and_throttles_come_and_the_rate_recovers(
    rate: float, events: list[tuple[int, bool, int]]
) -> None:
    budget = Budget(rate, 1_000_000)
    now_ms, calls = 0, []
    for pause_ms, throttle, answer_bytes in events:
        now_ms = taken(budget, now_ms + pause_ms * (40 if pause_ms > 690 else 1))
        calls.append(now_ms)
        if throttle:
            budget.throttled(now_ms)
        else:
            budget.received(answer_bytes, now_ms)

    assert fullest_second(calls) <= max(1, rate)


@given(
    st.integers(1_000, 3_000_000),
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 11_000_000)), min_size=2, max_size=60),
)
def test_what_an_answer_brought_is_made_up_for_before_the_next_call(
    bytes_per_second: int, answers: list[tuple[int, int]]
) -> None:
    budget = Budget(20, bytes_per_second)
    now_ms, brought = 0, []
    for pause_ms, answer_bytes in answers:
        now_ms = taken(budget, now_ms + pause_ms)
        budget.received(answer_bytes, now_ms)
        brought.append((now_ms, answer_bytes))

    for first in range(len(brought)):
        total = 0
        for (at_ms, size), (next_ms, _) in pairwise(brought[first:]):
            total += size
            assert total * 1000 <= bytes_per_second * (next_ms - brought[first][0]), at_ms


def test_one_call_a_second_never_brings_more_bytes_than_the_share_or_one_answer() -> None:
    budget = Budget(1, 1_048_576)
    times = [0]
    for size in (1_048_576, 10_485_760, 10, 10):
        budget.spend(times[-1])
        budget.received(size, times[-1])
        times.append(times[-1] + budget.delay_ms(times[-1]))

    assert times == [0, 1_000, 11_000, 12_000, 13_000]


def test_below_one_call_a_second_the_calls_stand_apart() -> None:
    budget = Budget(0.25)
    budget.spend(0)
    assert budget.delay_ms(1000) == 3000


def test_a_budget_that_was_saved_is_not_spent_at_once() -> None:
    budget = Budget(2)
    assert [budget.take(10_000) for _ in range(3)] == [0, 0, 1000]


def test_a_throttle_halves_the_rate_down_to_one_call_in_five_seconds() -> None:
    budget = Budget(2)
    rates = []
    for at_ms in range(6):
        budget.throttled(at_ms)
        rates.append(budget.rate(at_ms))

    assert rates == [1, 0.5, 0.25, LEAST_CALLS_PER_SECOND, 0.2, 0.2]
    budget.spend(10)
    assert budget.delay_ms(10) == 5_000


def test_the_rate_recovers_by_a_quarter_each_quiet_half_minute_and_never_above_the_share() -> None:
    budget = Budget(1)
    budget.throttled(0)

    assert budget.rate(RECOVERY_MS - 1) == 0.5
    assert budget.rate(RECOVERY_MS) == 0.625
    assert budget.rate(10 * RECOVERY_MS) == 1
    assert budget.rate(10**12) == 1


def test_a_throttle_while_recovering_halves_what_was_won_back() -> None:
    budget = Budget(1)
    budget.throttled(0)
    budget.throttled(RECOVERY_MS)

    assert budget.rate(RECOVERY_MS) == 0.3125


def test_a_rate_below_the_least_is_kept_as_it_is_when_throttled() -> None:
    budget = Budget(0.1)
    budget.throttled(0)
    assert budget.rate(0) == 0.1


def test_threads_that_share_a_budget_never_take_more_than_it_has() -> None:
    budget, taken_by = Budget(5), []
    gate = threading.Barrier(8)

    def take_all() -> None:
        gate.wait()
        for _ in range(200):
            if budget.take(0) == 0:
                taken_by.append(threading.get_ident())

    threads = [threading.Thread(target=take_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken_by) == 5


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_allows_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="calls_per_second must be above 0"):
        Budget(rate)
    with pytest.raises(ValueError, match="bytes_per_second must be above 0"):
        Budget(1, rate)


def test_production_is_read_more_slowly_than_this_machine() -> None:
    for service in (Service.KINESIS, Service.DYNAMODB, Service.LOGS, Service.SQS, Service.SNS):
        shared, alone = (share_of(service, local=local).calls_per_second for local in (False, True))
        assert shared < alone
    assert share_of("aws:kinesis", local=False).calls_per_second == 1.0


def test_a_rate_of_ones_own_takes_the_place_of_every_share() -> None:
    budget = Budgets(calls_per_second=7).of("aws:kinesis", "arn:aws:kinesis:r:1:stream/s", "s0")

    assert (budget.calls_per_second, budget.bytes_per_second) == (7, None)


def test_no_share_is_above_half_of_its_quota_and_each_says_where_it_is_from() -> None:
    for share in SHARES.values():
        assert share.source
        if share.quota_calls_per_second is not None:
            assert share.calls_per_second <= share.quota_calls_per_second / 2
        if share.quota_bytes_per_second is not None:
            assert (share.bytes_per_second or 0) <= share.quota_bytes_per_second / 2


def test_shards_have_a_budget_each_and_the_logs_of_one_account_one_for_all() -> None:
    budgets = Budgets(local=False)
    stream = "arn:aws:kinesis:eu-west-1:1:stream/orders"
    group = "arn:aws:logs:eu-west-1:{}:log-group:{}"

    assert budgets.of("aws:kinesis", stream, "s0") is budgets.of("aws:kinesis", stream, "s0")
    assert budgets.of("aws:kinesis", stream, "s0") is not budgets.of("aws:kinesis", stream, "s1")
    assert budgets.of("aws:logs", group.format(1, "a"), "") is budgets.of(
        "aws:logs", group.format(1, "b"), ""
    )
    assert budgets.of("aws:logs", group.format(1, "a"), "") is not budgets.of(
        "aws:logs", group.format(2, "a"), ""
    )
    assert budgets.of("aws:sqs", "arn:aws:sqs:r:1:a", "") is not budgets.of(
        "aws:sqs", "arn:aws:sqs:r:1:b", ""
    )


def test_only_a_quota_of_bytes_is_kept_by_bytes_and_none_on_this_machine() -> None:
    stream = "arn:aws:kinesis:eu-west-1:1:stream/orders"

    assert Budgets(local=False).of("aws:kinesis", stream, "s").bytes_per_second == 1_048_576
    assert Budgets(local=True).of("aws:kinesis", stream, "s").bytes_per_second is None
    assert share_of("aws:logs", local=False).bytes_per_second is None
