"""A tail shows what is durable, says what it could not read, and ends in good order."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.budget import Budgets
from connectors.errors import AccessDeniedError, ThrottledError
from connectors.record import Cause, Record
from tests.scripted_aws.clock import VirtualClock
from tests.workbench.trace.scripted import T0, ScriptedConnector
from workbench.tail.session import Tailed, tail
from workbench.tail.watching import Notice, Seen, Watch
from workbench.trace import open_trace
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.profile import load_profile
from workbench.trace.redaction.redactor import Redactor
from workbench.trace.redaction.rules import Rules
from workbench.trace.where import Where

STREAM = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"
OTHER = "arn:aws:kinesis:us-east-1:111111111111:stream/other"


class Screen:
    """Remembers what was shown, and what the trace held when it was; asks to end after so many deliveries."""

    def __init__(self, trace: Path, enough: int) -> None:
        self.trace, self.enough = trace, enough
        self.stop = threading.Event()
        self.seen: list[Seen] = []
        self.never_before_durable = True

    def show(self, seen: Iterable[Seen]) -> None:
        new = list(seen)
        self.seen += new
        if new:
            self.never_before_durable &= set(self.deliveries) <= stored(self.trace)
        if len(self.deliveries) >= self.enough:
            self.stop.set()

    @property
    def deliveries(self) -> list[str]:
        return [each.record_id for each in self.seen if isinstance(each, Record)]

    @property
    def notices(self) -> list[Notice]:
        return [each for each in self.seen if isinstance(each, Notice)]


def stored(trace: Path) -> set[str]:
    with open_trace(trace) as opened:
        return set(opened.sql("select record_id from records")["record_id"])


def run(
    screen: Screen,
    *connectors: ScriptedConnector,
    where: Where | None = None,
    redactor: Redactor | None = None,
) -> Tailed:
    clock = VirtualClock(T0 + timedelta(minutes=1))
    return tail(
        screen.trace,
        connectors,
        since=T0,
        watch=Watch(where),
        show=screen.show,
        clock=clock.for_capture(),
        budgets=Budgets(local=True),
        stop=screen.stop,
        redactor=redactor,
    )


def test_every_delivery_is_shown_once_in_its_shards_order_and_none_before_it_is_durable(
    tmp_path: Path,
) -> None:
    screen = Screen(tmp_path / "t.trace", enough=45)

    tailed = run(screen, ScriptedConnector(STREAM, {"a": 25, "b": 20}))

    assert screen.never_before_durable
    for shard, count in (("a", 25), ("b", 20)):
        shown = [each for each in screen.deliveries if each.startswith(shard)]
        assert shown == [f"{shard}:{n}" for n in range(1, count + 1)]
    assert (tailed.records, tailed.shown) == (45, 45)
    assert stored(screen.trace) == set(screen.deliveries)


def test_a_condition_hides_lines_and_stores_them_all_the_same(tmp_path: Path) -> None:
    screen = Screen(tmp_path / "t.trace", enough=2)
    where = Where("$.n == 7 or $.n == 19")

    tailed = run(screen, ScriptedConnector(STREAM, {"a": 20}), where=where)
    where.close()

    assert screen.deliveries == ["a:7", "a:19"]
    assert (tailed.records, tailed.shown) == (20, 2)
    assert len(stored(screen.trace)) == 20


def test_a_reshard_is_followed_and_told(tmp_path: Path) -> None:
    screen = Screen(tmp_path / "t.trace", enough=40)

    run(screen, ScriptedConnector(STREAM, {"a": 30, "b": 10}, {"b": ("a",)}))

    assert screen.deliveries == [
        *(f"a:{n}" for n in range(1, 31)),
        *(f"b:{n}" for n in range(1, 11)),
    ]
    assert [(n.partition_id, n.said.partition(",")[0]) for n in screen.notices] == [
        ("a", "shard closed"),
        ("b", "new shard"),
    ]


def test_a_source_that_fails_is_told_with_its_hole_and_the_others_go_on(tmp_path: Path) -> None:
    screen = Screen(tmp_path / "t.trace", enough=20)

    def refuse(shard: str, number: int) -> None:
        raise AccessDeniedError("reading was wanted, found no right to; ask for it")

    tailed = run(
        screen,
        ScriptedConnector(STREAM, {"a": 20}),
        ScriptedConnector(OTHER, {"x": 5}, before_page=refuse),
    )

    assert len(screen.deliveries) == 20
    error, hole = (notice for notice in screen.notices if notice.source_arn == OTHER)
    assert error.said == "reading was wanted, found no right to; ask for it"
    assert hole.hole is not None
    assert hole.hole.cause == Cause.UNREADABLE
    assert not tailed.complete
    assert tailed.holes == 1


def test_a_throttle_is_told_while_it_lasts_and_so_is_its_end(tmp_path: Path) -> None:
    screen = Screen(tmp_path / "t.trace", enough=60)

    def refuse(shard: str, number: int) -> None:
        if number == 10 and not screen.notices:
            raise ThrottledError("records were wanted, found the quota used up; come again later")

    run(
        screen,
        ScriptedConnector(STREAM, {"a": 30}),
        ScriptedConnector(OTHER, {"x": 30}, before_page=refuse),
    )

    assert len(screen.deliveries) == 60
    assert [(notice.source_arn, notice.said.partition(",")[0]) for notice in screen.notices] == [
        (OTHER, "records were wanted"),
        (OTHER, "is read again"),
    ]


def test_what_is_redacted_reaches_neither_the_disk_nor_the_screen(tmp_path: Path) -> None:
    screen = Screen(tmp_path / "t.trace", enough=5)
    stream = ScriptedConnector(STREAM, {"a": 5})
    plain = stream.record
    stream.record = lambda shard, number: replace(  # type: ignore[method-assign]
        plain(shard, number), body=b'{"mail": "bob@example.com"}'
    )

    run(screen, stream, redactor=Redactor(Rules(load_profile("detect"), Key(bytes(32)))))

    [shown] = {each.body for each in screen.seen if isinstance(each, Record)}
    with open_trace(screen.trace) as trace:
        assert set(trace.sql("select body from records")["body"]) == {shown}
    assert shown.startswith(b'{"mail": "tok_email_')


def test_an_error_of_the_screen_ends_the_tail_with_the_trace_closed(tmp_path: Path) -> None:
    screen = Screen(tmp_path / "t.trace", enough=5)

    def broken(seen: Iterable[Seen]) -> None:
        if list(seen):
            raise RuntimeError("no screen")

    screen.show = broken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="no screen"):
        run(screen, ScriptedConnector(STREAM, {"a": 5}))

    assert len(stored(screen.trace)) == 5
    with open_trace(screen.trace) as opened:
        assert opened.sql("select state from captures").item() == "failed"
