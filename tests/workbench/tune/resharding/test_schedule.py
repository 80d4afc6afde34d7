"""How long a resharding takes, and what UpdateShardCount may do in a day."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.tune.resharding.limits import DOCUMENTED
from workbench.tune.resharding.schedule import schedule, update_shard_count


def test_calls_go_one_at_a_time_and_splits_open_more_shards_first():
    calls = [{"operation": "SplitShard"}] * 3 + [{"operation": "MergeShards"}] * 2
    planned = schedule(calls, 4, 30.0)
    assert planned.takes_s == 150
    assert planned.most_shards == 7


@given(current=st.integers(1, 500), target=st.integers(1, 500))
def test_a_call_at_most_doubles_and_at_least_halves(current, target):
    targets = update_shard_count(current, target, (0,), DOCUMENTED).targets
    for before, after in zip((current, *targets), targets, strict=False):
        assert before / 2 <= after <= before * 2
    assert (targets or (current,))[-1] == target


def test_what_no_even_count_holds_cannot_be_set():
    assert update_shard_count(4, None, (0,), DOCUMENTED).refused
