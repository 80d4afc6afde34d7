"""A record and a request that no line joins are joined by time, as surely as time can tell and never quite."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource
from tests.conftest import REPOSITORY
from tests.factories import (
    ACCOUNT,
    SHARD,
    STREAM,
    kinesis_record,
    log_event,
    page,
    sqs_message,
    write_trace,
)
from tests.workbench.trace.calibration import Judged, judged, mean_losses, table
from tests.workbench.trace.invoked import consumed_by, invoked, printed, request
from tests.workbench.trace.pollers import REGIMES, traffic
from workbench.trace import open_trace
from workbench.trace.logged_deliveries import with_logged_deliveries

OTHER_QUEUE = f"arn:aws:sqs:{ACCOUNT}:refunds"
Pair = tuple[str, str, float]
"""Record, request, certainty."""
QUICK = ("one at a time", "bursts of 5", "slow handler, backlog", "lost logs", "other triggers")
"""Regimes that are judged here; the benchmark `probable_join` judges all of them."""


def probable(
    folder: Path, records: Iterable[Record], resources: Iterable[Resource] = ()
) -> list[Pair]:
    with write_trace(folder, records, resources) as trace:
        trace.keep("probable_handlings")
        return trace.sql(
            "select record_id, request_id, certainty from probable_handlings order by all"
        ).rows()


def spaced(count: int = 8) -> tuple[list[Record], list[Record]]:
    """Messages ten seconds apart and the requests that begin 40 ms after each."""
    messages = [sqs_message(n, seconds=10 * n) for n in range(1, count + 1)]
    log = [line for n in range(1, count + 1) for line in invoked(n, at=10 * n + 0.04, lasting=0.1)]
    return messages, log


def named(pairs: Iterable[Pair]) -> list[tuple[str, str]]:
    return [(record_id, request_id) for record_id, request_id, _ in pairs]


def test_messages_far_apart_are_of_the_request_that_begins_right_after_each(tmp_path: Path) -> None:
    messages, log = spaced()

    found = probable(tmp_path / "t", [*messages, *log], [consumed_by()])

    assert named(found) == [(m.record_id, request(n)) for n, m in enumerate(messages, 1)]
    assert all(0.9 < certainty < 1 for *_, certainty in found)


def test_a_row_says_how_the_invocation_ended_and_shows_its_start(tmp_path: Path) -> None:
    messages, log = spaced()
    log[-3:] = invoked(8, at=80.04, lasting=0.1, raised="ValueError: no amount")
    with write_trace(tmp_path / "t", [*messages, *log], [consumed_by()]) as trace:
        row = trace.sql("from probable_handlings order by started_at desc").to_dicts()[0]
        said = dict(trace.sql("select delivery_id, payload(body) from records").iter_rows())
        same = (
            trace.sql("describe handlings").rows()
            == trace.sql("describe probable_handlings").rows()
        )

    assert (row["status"], row["error_type"], row["told_by"]) == ("error", "ValueError", "time")
    assert said[row["line_id"]].startswith("START")
    assert same, "so that both can be read as one"


def test_what_a_log_tells_is_not_told_by_time_and_no_exact_row_is_added(tmp_path: Path) -> None:
    messages, log = spaced()
    log[:3] = invoked(1, f"got {messages[0].record_id}", at=10.04, lasting=0.1)
    with write_trace(tmp_path / "t", [*messages, *log], [consumed_by()]) as trace:
        exact = trace.sql("select record_id, told_by from handlings").rows()
        by_time = trace.sql("select record_id from probable_handlings order by all").rows()

    assert exact == [(messages[0].record_id, "line")]
    assert by_time == [(message.record_id,) for message in messages[1:]]


def test_a_request_that_printed_its_event_was_given_nothing_else(tmp_path: Path) -> None:
    messages, log = spaced()
    log[:3] = invoked(1, printed(sqs_message(90, seconds=10)), at=10.04, lasting=0.1)
    log = list(with_logged_deliveries(page(*log)).records)

    found = named(probable(tmp_path / "t", [*messages, *log], [consumed_by()]))

    assert request(1) not in [request_id for _, request_id in found]


def test_two_starts_as_near_leave_it_open_which_of_them_it_was(tmp_path: Path) -> None:
    messages, log = spaced()
    again = invoked(99, at=30.04, lasting=0.1, log_stream="another")

    found = named(probable(tmp_path / "t", [*messages, *log, *again], [consumed_by()]))

    assert messages[2].record_id not in [record_id for record_id, _ in found]
    assert len(found) == 7


def test_a_request_has_no_more_than_its_batch_size(tmp_path: Path) -> None:
    messages, log = spaced()
    beside = [sqs_message(50 + n, seconds=30.001) for n in range(3)]
    records = [*messages, *beside, *log]

    of_ten = probable(tmp_path / "a", records, [consumed_by(batch_size=10)])
    of_one = probable(tmp_path / "b", records, [consumed_by(batch_size=1)])

    assert len([1 for _, request_id, _ in of_ten if request_id == request(3)]) == 4
    assert not [1 for _, request_id, _ in of_one if request_id == request(3)]


@pytest.mark.parametrize(
    "resources",
    [
        [],
        [consumed_by(source=STREAM)],
        [consumed_by(), consumed_by(source=OTHER_QUEUE)],
        [consumed_by(), consumed_by("audit")],
    ],
    ids=["no mapping", "another source", "a function of two queues", "a queue of two functions"],
)
def test_nothing_is_told_where_it_is_not_known_that_they_belong_together(
    resources: list[Resource], tmp_path: Path
) -> None:
    messages, log = spaced()

    assert probable(tmp_path / "t", [*messages, *log], resources) == []


def test_nothing_is_told_of_a_mapping_that_leaves_records_out(tmp_path: Path) -> None:
    messages, log = spaced()
    mapping = consumed_by()
    filtered = '"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}, "State"'
    mapping = replace(mapping, document=mapping.document.replace('"State"', filtered))

    assert probable(tmp_path / "t", [*messages, *log], [mapping]) == []


def test_records_of_a_shard_keep_their_order(tmp_path: Path) -> None:
    records = [kinesis_record(n, seconds=10 * n) for n in range(1, 9)]
    _, log = spaced()
    resources = [consumed_by(source=STREAM)]

    straight = named(probable(tmp_path / "a", [*records, *log], resources))
    swapped = [
        replace(each, sequence_number=f"4966{n:052d}", record_id=f"{SHARD}:4966{n:052d}")
        for each, n in zip(records, (1, 2, 4, 3, 5, 6, 7, 8), strict=True)
    ]
    crossed = named(probable(tmp_path / "b", [*swapped, *log], resources))

    assert straight == [(r.record_id, request(n)) for n, r in enumerate(records, 1)]
    assert [request_id for _, request_id in crossed] == [request(n) for n in (1, 2, 5, 6, 7, 8)]


def test_a_request_has_records_of_one_shard_alone(tmp_path: Path) -> None:
    records = [kinesis_record(n, seconds=10 * n) for n in range(1, 9)]
    beside = kinesis_record(9, seconds=30, shard="shardId-000000000001")
    _, log = spaced()

    found = probable(tmp_path / "t", [*records, beside, *log], [consumed_by(source=STREAM)])

    assert [request_id for _, request_id in named(found)] == [
        request(n) for n in (1, 2, 4, 5, 6, 7, 8)
    ]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [log_event(1, "START RequestId: ")],
        [log_event(1, '{"type":"platform.start","time":"x","record":{"requestId":"1"}}')],
        [replace(log_event(1, f"START RequestId: {request(1)} Version: 1"), source_at=None)],
        [log_event(1, "\0" * 100), log_event(2, "'); drop table records; --")],
    ],
)
def test_no_log_and_a_hostile_log_tell_nothing(lines: list[Record], tmp_path: Path) -> None:
    messages, _ = spaced()

    assert probable(tmp_path / "t", [*messages, *lines], [consumed_by()]) == []


def test_records_without_an_instant_have_no_row(tmp_path: Path) -> None:
    messages, log = spaced()
    messages[0] = replace(messages[0], source_at=None)

    found = probable(tmp_path / "t", [*messages, *log], [consumed_by()])

    assert len(found) == 7


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(REGIMES)))
def test_time_alone_is_never_certain_and_the_order_of_rows_tells_nothing(
    seed: int, name: str
) -> None:
    random = Random(seed)
    told = traffic(random, 30, REGIMES[name])
    records = [*told.records, *told.lines]

    with TemporaryDirectory() as aside:
        found = probable(Path(aside, "a"), records, told.mapping)
        random.shuffle(records)
        again = probable(Path(aside, "b"), records, told.mapping)

    assert all(0.5 < certainty < 1 for *_, certainty in found)
    assert named(again) == named(found)
    assert [each[2] for each in again] == pytest.approx([each[2] for each in found])


@pytest.fixture(scope="module")
def of_incidents() -> list[Judged]:
    """Every pair that time tells of the incidents that come with the workbench, their ids hidden."""
    pairs: list[Judged] = []
    for name in ("poison-order", "reshard-disorder", "retry-storm", "lost-publish"):
        with open_trace(REPOSITORY / "datasets" / f"{name}.trace") as trace:
            pairs += judged(trace, complete=False)
    return pairs


@pytest.fixture(scope="module")
def of_regimes(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    """The same of traffic from what time tells to what it cannot tell."""
    pairs: list[Judged] = []
    for regime in (REGIMES[name] for name in QUICK):
        told = traffic(Random(11), 120, regime, named=True)
        folder = tmp_path_factory.mktemp("regime") / "t"
        with write_trace(folder, [*told.records, *told.lines], told.mapping) as trace:
            pairs += judged(trace, complete=True)
    return pairs


@pytest.mark.parametrize("whose", ["of_incidents", "of_regimes"])
def test_of_what_is_told_at_nine_tenths_nine_tenths_are_right(
    whose: str, request: pytest.FixtureRequest
) -> None:
    pairs: list[Judged] = request.getfixturevalue(whose)
    sure = [pair.is_right for pair in pairs if pair.certainty >= 0.9]

    assert len(sure) > 200
    assert sum(sure) >= 0.9 * len(sure), table(pairs)


@pytest.mark.parametrize("whose", ["of_incidents", "of_regimes"])
def test_its_probabilities_cost_less_than_the_nearest_start_s(
    whose: str, request: pytest.FixtureRequest
) -> None:
    ours, nearest = mean_losses(request.getfixturevalue(whose))

    assert ours < nearest
