"""Progress of a shard survives its text, and a loss reaches as far as time can tell."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.dynamodb_streams.position import (
    ShardProgress,
    decode_progress,
    encode_progress,
    inherited_progress,
    trim_horizon,
    unbegun_progress,
)
from connectors.errors import ConnectorError
from connectors.record import Checkpoint, Partition
from connectors.stream_position import StreamPosition
from tests.scripted_aws.clock import START

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    st.builds(
        ShardProgress,
        position=st.builds(
            StreamPosition,
            after=st.none() | st.integers(10**20, 10**40 - 1).map(str),
            since_at=st.none() | INSTANTS,
            read_to_at=INSTANTS,
        ),
        parents=st.lists(st.text(min_size=1), max_size=2).map(tuple),
        children_after_at=INSTANTS,
        begun_at=st.none() | INSTANTS,
        roots=st.integers(0, 9),
        settled=st.booleans(),
    )
)
def test_progress_reads_back_from_its_text(progress: ShardProgress) -> None:
    assert decode_progress(Checkpoint("s", encode_progress(progress))) == progress


@pytest.mark.parametrize("text", ["", "7", "[]", '{"parents":7}', '{"roots":"x"}'])
def test_a_text_that_is_none_of_ours_is_said_so(text: str) -> None:
    with pytest.raises(ConnectorError, match="a position in s was wanted"):
        decode_progress(Checkpoint("s", text))


@given(INSTANTS)
def test_the_trim_horizon_is_a_whole_second_that_is_never_too_early(at: datetime) -> None:
    horizon = trim_horizon(at)
    assert horizon.microsecond == 0
    assert timedelta(0) <= horizon - (at - timedelta(hours=24)) < timedelta(seconds=1)


def read_until(at: datetime, *parents: str, roots: int = 0) -> ShardProgress:
    return ShardProgress(StreamPosition(read_to_at=at), parents, at, START, roots)


def test_a_child_begins_when_its_parent_was_last_seen_open() -> None:
    seen_open = START + timedelta(hours=3)
    child = inherited_progress(Partition("c", ("x", "p")), {"p": read_until(seen_open, roots=1)})
    assert child is not None
    assert (child.position.read_to_at, child.begun_at, child.roots) == (seen_open, START, 0)
    assert inherited_progress(Partition("c", ("x",)), {}) is None


def test_a_shard_of_unknown_ancestors_is_younger_than_the_last_that_was_read_of_any_line() -> None:
    hours = [START + timedelta(hours=n) for n in range(9)]
    known = {
        "a": read_until(hours[1], roots=2),
        "b": read_until(hours[2], roots=2),
        "a1": read_until(hours[5], "a"),
        "b1": read_until(hours[6], "b"),
    }
    orphan, root = Partition("o", ("unknown",)), Partition("r")
    assert unbegun_progress(orphan, known).position.read_to_at == hours[5]
    assert unbegun_progress(root, known).position.read_to_at == START


def test_where_a_first_shard_was_never_begun_an_orphan_may_be_its_child() -> None:
    known = {"a": read_until(START + timedelta(hours=3), roots=2)}
    assert unbegun_progress(Partition("o", ("unknown",)), known).position.read_to_at == START
