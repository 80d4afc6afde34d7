"""Log groups: passes behind a watermark, by script and against a local AWS."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from connectors import (
    Checkpoint,
    ConnectorError,
    CorruptAnswerError,
    Partition,
    SourceNotFoundError,
    local_client,
    open_connector,
)
from connectors.answers import ms_of
from connectors.lambda_logs import LogGroup
from connectors.record import Page
from tests.connectors.fakes import START, Clock, aws_error
from tests.connectors.local import access_to, bodies, epoch_ms, now, unique, until_tip
from workbench.local_aws import LocalAws

ARN = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/pay"
WHOLE = Partition("")


@dataclass
class FakeLogs:
    """A group's events in no order of time, as AWS pages them: by token, or cut without one."""

    events: list[dict[str, Any]] = field(default_factory=list)
    page: int = 2
    with_tokens: bool = True
    answers: list[Any] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def put(self, *ms_before_start: int) -> None:
        for ms in ms_before_start:
            n = len(self.events)
            at = ms_of(START) - ms
            self.events.append(
                {
                    "eventId": f"e{n}",
                    "timestamp": at,
                    "message": f"{n}",
                    "logStreamName": f"s{n % 2}",
                }
            )

    def filter_log_events(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)
        found = [e for e in self.events if asked["startTime"] <= e["timestamp"] <= asked["endTime"]]
        if not self.with_tokens:
            found.sort(key=lambda e: int(e["timestamp"]))
            return {"events": found[: asked["limit"]]}
        first = int(asked.get("nextToken", "0"))
        more = {"nextToken": str(first + self.page)} if first + self.page < len(found) else {}
        return {"events": found[first : first + self.page]} | more


def group(fake: FakeLogs, clock: Clock | None = None, **more: Any) -> LogGroup:
    return LogGroup(source_arn=ARN, client=fake, lambda_client=None, now=clock or Clock(), **more)


def ids(pages: list[Page]) -> list[str]:
    return [record.record_id for page in pages for record in page.records]


def test_a_pass_takes_every_page_and_ends_at_the_tip() -> None:
    fake = FakeLogs()
    fake.put(5000, 1000, 9000, 3000, 2000)
    pages = until_tip(group(fake), WHOLE)
    assert ids(pages) == ["e0", "e1", "e2", "e3", "e4"]
    assert [page.millis_behind_latest for page in pages] == [None, None, 0]
    assert pages[0].records[0].partition_id == "s0"


def test_only_the_end_of_a_pass_proves_a_span_and_spans_touch() -> None:
    clock = Clock()
    fake = FakeLogs()
    fake.put(5000, 1000, 9000)
    reader = group(fake, clock).read(WHOLE, None)
    pages = []
    for _ in range(4):
        pages.append(next(reader))
        clock.forward(seconds=30)
    assert pages[0].spans == ()
    spans = [span for page in pages for span in page.spans]
    assert spans[0].from_at == START - timedelta(hours=1)
    assert spans[0].to_at == START
    assert all(before.to_at == after.from_at for before, after in pairwise(spans))


def test_a_late_event_is_caught_and_no_event_is_yielded_twice() -> None:
    clock = Clock()
    fake = FakeLogs(page=100)
    fake.put(1000, 500)
    reader = group(fake, clock).read(WHOLE, None)
    first = next(reader)
    clock.forward(seconds=10)
    fake.put(200_000)  # later than what was read, by more than three minutes
    second, third = next(reader), next(reader)
    assert (ids([first]), ids([second]), ids([third])) == (["e0", "e1"], ["e2"], [])


def test_the_next_pass_begins_five_minutes_before_the_newest_event() -> None:
    fake = FakeLogs()
    fake.put(60_000)
    reader = group(fake).read(WHOLE, None)
    next(reader)
    next(reader)
    assert fake.asked[-1]["startTime"] == ms_of(START) - 60_000 - 300_000


def test_an_empty_pass_never_moves_the_watermark() -> None:
    clock = Clock()
    fake = FakeLogs()
    reader = group(fake, clock).read(WHOLE, None)
    next(reader)
    clock.forward(hours=3)
    fake.put(1000)
    assert ids([next(reader)]) == ["e0"]
    assert fake.asked[-1]["startTime"] == ms_of(START) - 3_600_000


def test_nothing_before_what_was_asked_for_is_read() -> None:
    fake = FakeLogs()
    fake.put(61_000, 1000)
    reader = group(fake, since=START - timedelta(minutes=1)).read(WHOLE, None)
    assert ids([next(reader), next(reader)]) == ["e1"]


def test_a_capture_cut_short_goes_on_with_the_next_page() -> None:
    fake = FakeLogs()
    fake.put(5000, 1000, 9000, 3000, 2000)
    first = next(group(fake).read(WHOLE, None))
    clock = Clock(START + timedelta(minutes=1))
    rest = until_tip(group(fake, clock), WHOLE, first.checkpoint)
    assert ids([first, *rest]) == ["e0", "e1", "e2", "e3", "e4"]
    assert rest[-1].spans[0].to_at == START


def test_a_page_that_aws_no_longer_knows_begins_the_pass_anew() -> None:
    fake = FakeLogs()
    fake.put(5000, 1000, 9000)
    first = next(group(fake).read(WHOLE, None))
    fake.answers.append(aws_error("InvalidParameterException"))
    rest = until_tip(group(fake), WHOLE, first.checkpoint)
    assert ids(rest) == ["e0", "e1", "e2"]


def test_the_same_empty_page_twice_is_the_end_of_the_pass() -> None:
    fake = FakeLogs(answers=[{"events": [], "nextToken": "t"}] * 3)
    pages = until_tip(group(fake), WHOLE)
    assert len(pages) == 2
    assert fake.answers == []


def test_an_empty_page_with_another_token_is_no_end() -> None:
    fake = FakeLogs(answers=[{"events": [], "nextToken": "1"}])
    fake.put(3000, 2000, 1000)
    assert ids(until_tip(group(fake), WHOLE)) == ["e1", "e2"]


def test_a_full_page_without_a_token_is_continued_by_time() -> None:
    fake = FakeLogs(with_tokens=False)
    fake.put(5000, 4000, 4000, 3000, 2000, 1000)
    assert ids(until_tip(group(fake, limit=3), WHOLE)) == [f"e{n}" for n in range(6)]


def test_a_full_page_of_one_millisecond_without_a_token_is_damaged() -> None:
    fake = FakeLogs(with_tokens=False)
    fake.put(*[4000] * 5)
    with pytest.raises(CorruptAnswerError, match="one millisecond"):
        until_tip(group(fake, limit=3), WHOLE)


@pytest.mark.parametrize(
    "answer", [{}, {"nextToken": "t"}, {"events": None}, {"events": [{"eventId": "e"}]}]
)
def test_a_damaged_answer_is_never_the_end_of_a_pass(answer: dict[str, Any]) -> None:
    with pytest.raises(CorruptAnswerError, match="events of"):
        until_tip(group(FakeLogs(answers=[answer])), WHOLE)


def test_reading_ends_once_everything_up_to_until_was_read() -> None:
    fake = FakeLogs()
    fake.put(5000, 1000)
    pages = list(group(fake, until=START - timedelta(seconds=3)).read(WHOLE, None))
    assert ids(pages) == ["e0"]


def test_a_position_of_somebody_else_is_refused() -> None:
    with pytest.raises(ConnectorError, match="a position in a log group"):
        next(group(FakeLogs()).read(WHOLE, Checkpoint("", '{"after":"1"}')))


def test_every_event_of_a_local_group_comes_once_and_reading_resumes(
    local_aws: LocalAws, logs: Any
) -> None:
    function = unique("pay")
    name = f"/aws/lambda/{function}"
    start_ms = epoch_ms() - 60_000
    sent = put_lines(logs, name, start_ms, 25)
    connector = open_connector(f"lambda:{function}", access_to(local_aws), now=now)
    pages = until_tip(connector, WHOLE)
    assert bodies(pages) == sent
    assert connector.source_arn.endswith(f":log-group:{name}")
    assert {r.partition_id for page in pages for r in page.records} == {"a", "b"}
    assert pages[0].records[0].source_at is not None
    later = put_lines(logs, name, start_ms + 30_000, 2)
    again = until_tip(connector, WHOLE, pages[-1].checkpoint)
    assert set(later) < set(bodies(again))  # and those inside the lookback, under their old ids
    assert set(ids(pages)) < set(ids(again))
    assert next(resource.kind for resource in connector.resources()) == "describe-log-groups"


def test_a_local_page_cut_at_its_limit_loses_nothing(local_aws: LocalAws, logs: Any) -> None:
    name = unique("/aws/x")
    sent = put_lines(logs, name, epoch_ms() - 60_000, 25)
    connector: Any = open_connector(f"logs:{name}", access_to(local_aws), now=now)
    cut = LogGroup(
        source_arn=connector.source_arn,
        client=connector.client,
        lambda_client=connector.lambda_client,
        now=now,
        limit=4,
    )
    assert bodies(until_tip(cut, WHOLE)) == sent


def test_a_group_that_is_not_there_is_said_so(local_aws: LocalAws) -> None:
    connector = open_connector("logs:/nowhere", access_to(local_aws), now=now)
    with pytest.raises(SourceNotFoundError, match="/nowhere"):
        next(connector.read(WHOLE, None))


def put_lines(logs: Any, name: str, start_ms: int, count: int) -> list[bytes]:
    """Lines 100 ms apart in two streams, made where they are not there; as they were sent."""
    if not logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        logs.create_log_group(logGroupName=name)
        for stream in ("a", "b"):
            logs.create_log_stream(logGroupName=name, logStreamName=stream)
    for which, stream in enumerate(("a", "b")):
        events = [
            {"timestamp": start_ms + 100 * n, "message": f"{start_ms} ü {n}"}
            for n in range(which, count, 2)
        ]
        logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)
    return [f"{start_ms} ü {n}".encode() for n in range(count)]


@pytest.fixture
def logs(local_aws: LocalAws) -> Any:
    return local_client("logs", local_aws.endpoint_url)
