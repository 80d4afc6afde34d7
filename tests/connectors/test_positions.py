"""Positions survive their text, and the spans they give always touch."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.lambda_logs.position import (
    LogPass,
    LogPosition,
    Stretch,
    decode_log_position,
    encode_log_position,
)
from connectors.record import Checkpoint, Record
from connectors.stream_position import StreamPosition, decode_position, encode_position

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
NUMBERS = st.integers(0, 10**15)


@given(
    st.builds(
        StreamPosition,
        after=st.none() | st.integers(0, 10**56).map(str),
        since_at=st.none() | INSTANTS,
        read_to_at=st.none() | INSTANTS,
    )
)
def test_a_stream_position_reads_back_from_its_text(position: StreamPosition) -> None:
    assert decode_position(Checkpoint("s", encode_position(position))) == position


COUNTS = st.none() | NUMBERS
PASSES = st.builds(
    LogPass,
    began_ms=NUMBERS,
    to_ms=NUMBERS,
    windows=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3).map(tuple),
    counted=st.dictionaries(NUMBERS, COUNTS, max_size=3),
    token=st.none() | st.text(min_size=1),
    limit=st.none() | NUMBERS,
    refused=NUMBERS,
    split=st.booleans(),
)


@given(
    st.builds(
        LogPosition,
        since_ms=NUMBERS,
        newest_ms=NUMBERS,
        read_to_ms=NUMBERS,
        lookback_ms=st.integers(1, 10**9),
        lateness=st.tuples(*[NUMBERS] * 5),
        unsealed=st.dictionaries(NUMBERS, st.builds(Stretch, NUMBERS, COUNTS, NUMBERS), max_size=3),
        unreadable=st.lists(NUMBERS, max_size=3).map(tuple),
        running=st.none() | PASSES,
    ).filter(lambda position: position.since_ms or position.read_to_ms)
)
def test_a_log_position_reads_back_from_its_text(position: LogPosition) -> None:
    assert decode_log_position(Checkpoint("", encode_log_position(position))) == position


def record(at: datetime) -> Record:
    return Record(
        service="aws:kinesis",
        source_arn="a",
        partition_id="s",
        record_id="s:1",
        received_at=at,
        body=b"",
        sequence_number="1",
        source_at=at,
    )


@given(INSTANTS, st.lists(st.tuples(st.lists(INSTANTS, max_size=4), st.none() | INSTANTS)))
def test_spans_touch_and_run_forward_whatever_the_instants(
    start: datetime, pages: list[tuple[list[datetime], datetime | None]]
) -> None:
    position = StreamPosition(read_to_at=start)
    spans = []
    for instants, tip_at in pages:
        position, proved = position.moved([record(at) for at in instants], tip_at)
        spans += proved
    assert all(a.to_at == b.from_at for a, b in pairwise(spans))
    assert all(span.from_at < span.to_at for span in spans)
    if spans:
        assert (spans[0].from_at, spans[-1].to_at) == (start, position.read_to_at)


def test_a_page_proves_no_more_than_its_last_record_unless_it_is_the_tip() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    at, now = start + timedelta(seconds=5), start + timedelta(seconds=9)
    assert StreamPosition(read_to_at=start).moved([record(at)], None)[1][0].to_at == at
    assert StreamPosition(read_to_at=start).moved([record(at)], now)[1][0].to_at == now
    assert StreamPosition(read_to_at=start).moved([], None)[1] == ()
