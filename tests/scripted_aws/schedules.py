"""What happens to a Kinesis stream over virtual time, at random: writes, splits, merges, and time that passes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.scripted_aws.kinesis import ScriptedKinesis

KINDS = ("put", "put", "put", "put", "split", "merge", "wait")


@dataclass(frozen=True)
class Step:
    """One thing that happens after some time."""

    kind: str
    """`put`, `split`, `merge` or `wait`."""
    after_ms: int = 0
    """Virtual time that passes before it."""
    which: int = 0
    """Partition key of a put; of the open shards the one to split, or to merge with its neighbour."""
    records: int = 1
    late_ms: int = 0
    """By how much the arrival times of a put are set back; below the few seconds that a shard's clocks differ."""


def schedules(max_steps: int = 30, longest_wait_ms: int = 3_600_000) -> st.SearchStrategy:
    """Schedules that shrink well: a list of `Step`."""
    step = st.builds(
        Step,
        kind=st.sampled_from(KINDS),
        after_ms=st.integers(0, 5_000) | st.integers(0, longest_wait_ms),
        which=st.integers(0, 50),
        records=st.integers(1, 5),
        late_ms=st.just(0) | st.integers(0, 3_000),
    )
    return st.lists(step, max_size=max_steps)


def seeded(seed: int, steps: int = 100, longest_wait_ms: int = 60_000) -> list[Step]:
    """The same schedule for the same seed, for campaigns that run in several processes."""
    dice = random.Random(seed)
    return [
        Step(
            kind=dice.choice(KINDS),
            after_ms=dice.choice((0, dice.randrange(1_000), dice.randrange(longest_wait_ms))),
            which=dice.randrange(50),
            records=dice.randrange(1, 6),
            late_ms=dice.choice((0, 0, dice.randrange(3_000))),
        )
        for _ in range(steps)
    ]


def play(kinesis: ScriptedKinesis, stream: str, steps: Sequence[Step]) -> None:
    """Let the steps happen to a stream, one after the other."""
    for step in steps:
        kinesis.clock.forward(milliseconds=step.after_ms)
        _do(kinesis, stream, step)


def _do(kinesis: ScriptedKinesis, stream: str, step: Step) -> None:
    shards = kinesis.open_shards(stream)
    which = step.which % len(shards)
    if step.kind == "put":
        for n in range(step.records):
            key = f"k{step.which + n}"
            number = len(kinesis.state.ledger)
            kinesis.put_record(
                StreamName=stream, PartitionKey=key, Data=b"%d" % number, late_ms=step.late_ms
            )
    elif step.kind == "split" and len(shards) < 16:
        kinesis.split_shard(stream, shards[which])
    elif step.kind == "merge" and len(shards) > 1:
        first = min(which, len(shards) - 2)
        kinesis.merge_shards(stream, shards[first], shards[first + 1])
