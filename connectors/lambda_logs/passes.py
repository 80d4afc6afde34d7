"""What a pass over a log group reads, and what it proves at its end. Pure: positions in, positions and spans out.

A poll reads from a little before the newest event up to now. How little follows the events themselves: so far back
that 99.9 % of all events seen were there in time, but at least 5 minutes and at most 60. What comes later still
is found by sealing passes: 15 and 60 minutes after its end a stretch of five minutes is read again and counted. More
events than were known: they are stored, and the stretch is a hole of cause `late` until a later pass finds no more.
No more, 60 minutes or longer after its end: it is sealed.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.answers import instant_of_ms
from connectors.lambda_logs.position import (
    FIRST_CHECK_MS,
    LOOKBACK_FLOOR_MS,
    MINUTE_MS,
    SEALED_AFTER_MS,
    STRETCH_MS,
    LogPass,
    LogPosition,
    Stretch,
)
from connectors.record import Cause, Span

LATENESS_MS = (LOOKBACK_FLOOR_MS, 10 * MINUTE_MS, 20 * MINUTE_MS, 40 * MINUTE_MS, SEALED_AFTER_MS)
"""Edges of `LogPosition.lateness`; the last takes all that is later."""
IN_TIME = 0.999
_Windows = tuple[tuple[int, int], ...]
_Proof = tuple[int, int, str]


def begin_pass(position: LogPosition, now_ms: int, to_ms: int, *, recount: bool) -> LogPosition:
    """The position at the start of a pass.

    Args:
        position: Between two passes.
        now_ms: The instant.
        to_ms: How far to read; inclusive.
        recount: Read every stretch that is not sealed, not only those that are due: what this reader
            knows of them is not enough to tell a late event from one that it saw.

    Example:
        >>> begin_pass(LogPosition(0, 0, 0), 600_000, 600_000, recount=True).running.windows
        ((0, 600000),)
    """
    to_ms = max(to_ms, position.since_ms)
    unsealed = dict(position.unsealed)
    first_ms = max(position.read_to_ms, min(now_ms - SEALED_AFTER_MS, to_ms))
    for number in _numbers(first_ms, to_ms) if first_ms < to_ms else ():
        end_ms = (number + 1) * STRETCH_MS
        fresh = Stretch(max(first_ms, number * STRETCH_MS), None, end_ms + FIRST_CHECK_MS)
        unsealed.setdefault(number, fresh)
    poll_ms = min(position.newest_ms - position.lookback_ms, position.read_to_ms)
    wanted = [(max(position.since_ms, poll_ms), to_ms)] + [
        _extent(number, stretch, to_ms)
        for number, stretch in position.unsealed.items()
        if recount or stretch.due_ms <= now_ms
    ]
    windows = _merged(wanted)
    counted = {
        number: 0
        for number, stretch in unsealed.items()
        if _is_whole(_extent(number, stretch, to_ms), windows)
    }
    running = LogPass(now_ms, to_ms, _cut(windows, position.unreadable), counted)
    return replace(position, unsealed=unsealed, running=running)


def within(position: LogPosition) -> LogPass:
    """The pass that a position is in.

    Raises:
        ValueError: It stands between two.

    Example:
        >>> within(begin_pass(LogPosition(0, 0, 0), 9, 9, recount=True)).to_ms
        9
    """
    if position.running is None:
        raise ValueError("wanted a position within a pass, found one between two")
    return position.running


def counted_on(
    position: LogPosition, page: Iterable[Mapping[str, Any]], fresh: Sequence[Mapping[str, Any]]
) -> LogPosition:
    """The position that knows of the events of a page, `fresh` of which this reader had not seen."""
    running = within(position)
    counted, unsealed = dict(running.counted), dict(position.unsealed)
    for event in page:
        number = event["timestamp"] // STRETCH_MS
        events = counted.get(number)
        if events is not None and event["timestamp"] >= unsealed[number].from_ms:
            counted[number] = events + 1
    for event in fresh:
        number = event["timestamp"] // STRETCH_MS
        stretch = unsealed.get(number)
        if number not in counted and stretch is not None and stretch.events is not None:
            unsealed[number] = replace(stretch, events=stretch.events + 1)
    newest_ms = max([position.newest_ms, *(event["timestamp"] for event in fresh)])
    return replace(
        position,
        newest_ms=newest_ms,
        lateness=_lateness(position.lateness, fresh),
        unsealed=unsealed,
        running=replace(running, counted=counted),
    )


def seen_partly(position: LogPosition) -> LogPosition:
    """The position of a pass that goes on in a new reader, which does not know what its earlier pages held."""
    if position.running is None:
        return position
    unsealed = {
        number: stretch if number in position.running.counted else replace(stretch, events=None)
        for number, stretch in position.unsealed.items()
    }
    return replace(position, unsealed=unsealed)


def token_forgotten(position: LogPosition) -> LogPosition:
    """The position with its first window read from the start: what was counted of it is not known any more.

    Should AWS not take a token with another limit than it was made with (it does not say), the search for what
    cannot be read goes on by time.
    """
    running = within(position)
    was_halving = running.limit is not None and not running.split
    anew = replace(
        _recounting(running),
        token=None,
        repeated=0,
        limit=None,
        forgotten=running.forgotten + (0 if was_halving else 1),
        split=running.split or was_halving,
    )
    return replace(position, running=anew)


def page_refused(position: LogPosition, full_limit: int) -> tuple[LogPosition, tuple[Span, ...]]:
    """How to go on after a page that could not be read: with less of it, or past the one millisecond that it is.

    First the page is halved down to one event. What cannot be read then is looked for by time, because only time
    can be asked for: the window is cut in two until it is one millisecond. That one is a hole.
    """
    running = within(position)
    running = replace(running, refused=running.refused + 1, repeated=0)
    (from_ms, to_ms), rest = running.windows[0], running.windows[1:]
    limit = running.limit or full_limit
    if limit > 1 and (from_ms == to_ms or not running.split):
        return replace(position, running=replace(running, limit=limit // 2)), ()
    running = replace(_recounting(running), token=None, limit=None, split=True)
    if from_ms < to_ms:
        middle_ms = (from_ms + to_ms) // 2
        halves = ((from_ms, middle_ms), (middle_ms + 1, to_ms))
        return replace(position, running=replace(running, windows=(*halves, *rest))), ()
    unreadable = tuple(sorted({*position.unreadable, from_ms}))
    passed = replace(running, windows=rest)
    hole = Span(instant_of_ms(from_ms), instant_of_ms(from_ms + 1), Cause.CORRUPT_PAGE)
    return replace(position, unreadable=unreadable, running=passed), (hole,)


def end_pass(position: LogPosition) -> tuple[LogPosition, tuple[Span, ...]]:
    """The position between two passes, and what the pass that ended proves; the newest stretch stands last.

    Example:
        >>> begun = begin_pass(LogPosition(0, 0, 0), 600_000, 600_000, recount=True)
        >>> ended, spans = end_pass(begun)
        >>> ended.read_to_ms, len(spans), spans[0].sealed
        (600000, 1, False)
    """
    running = within(position)
    unsealed: dict[int, Stretch] = {}
    proofs: list[_Proof] = []
    for number, stretch in position.unsealed.items():
        left, proved = _checked(number, stretch, running, position.read_to_ms)
        if left is not None:
            unsealed[number] = left
        if proved:
            from_ms, to_ms = _extent(number, stretch, running.to_ms)
            proofs.append((from_ms, to_ms + 1, proved))
    if running.to_ms > position.read_to_ms:
        old_ms = min(running.began_ms - SEALED_AFTER_MS, running.to_ms)
        old_ms = max(old_ms, position.read_to_ms)
        proofs += [(position.read_to_ms, old_ms, "sealed"), (old_ms, running.to_ms, "read")]
    lookback_ms = _lookback(position.lateness)
    ended = replace(
        position,
        read_to_ms=max(position.read_to_ms, running.to_ms),
        lookback_ms=lookback_ms,
        unsealed=unsealed,
        running=None,
    )
    oldest_ms = min([ended.newest_ms - SEALED_AFTER_MS, *(s.from_ms for s in unsealed.values())])
    kept = tuple(at for at in position.unreadable if at >= oldest_ms)
    return replace(ended, unreadable=kept), _spans(proofs, position.unreadable)


def _checked(
    number: int, stretch: Stretch, running: LogPass, read_to_ms: int
) -> tuple[Stretch | None, str]:
    """What is known of a stretch after a pass (None: all), and what the pass proves of it."""
    end_ms = (number + 1) * STRETCH_MS
    if number not in running.counted or end_ms > running.to_ms + 1:
        events = running.counted.get(number, stretch.events)
        return replace(stretch, events=events), ""
    events = running.counted[number]
    was_whole = end_ms <= read_to_ms
    late = (
        was_whole
        and None not in (events, stretch.events)
        and (events or 0) > (stretch.events or 0)
        and running.began_ms >= end_ms + FIRST_CHECK_MS
    )
    if running.began_ms >= end_ms + SEALED_AFTER_MS:
        if not late and running.began_ms >= stretch.due_ms:
            return None, "sealed"
        if not late:
            return replace(stretch, events=events), ""
        return Stretch(stretch.from_ms, events, running.began_ms + FIRST_CHECK_MS), "late"
    if running.began_ms >= stretch.due_ms:
        stretch = replace(stretch, due_ms=end_ms + SEALED_AFTER_MS)
    return replace(stretch, events=events), "late" if late else ""


def _spans(proofs: list[_Proof], unreadable: Sequence[int]) -> tuple[Span, ...]:
    """Proofs as spans, those of one kind that touch as one, without the milliseconds that could not be read."""
    spans: list[Span] = []
    for kind in ("late", "sealed", "read"):
        stretches = [(from_ms, to_ms - 1) for from_ms, to_ms, of in proofs if of == kind]
        for from_ms, to_ms in _cut(_merged(s for s in stretches if s[0] <= s[1]), unreadable):
            cause = Cause.LATE if kind == "late" else None
            at = instant_of_ms(from_ms), instant_of_ms(to_ms + 1)
            spans.append(Span(*at, cause, sealed=kind == "sealed"))
    return tuple(sorted(spans, key=lambda span: span.to_at))


def _recounting(running: LogPass) -> LogPass:
    from_ms, to_ms = running.windows[0]
    touched = _numbers(from_ms, to_ms)
    counted = {n: None if n in touched else events for n, events in running.counted.items()}
    return replace(running, counted=counted)


def _lateness(known: Sequence[int], events: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    counts = list(known)
    for event in events:
        ingested_ms = event.get("ingestionTime")
        if isinstance(ingested_ms, int):
            late_ms = min(ingested_ms - event["timestamp"], LATENESS_MS[-1])
            counts[bisect_left(LATENESS_MS, late_ms)] += 1
    return tuple(counts)


def _lookback(lateness: Sequence[int]) -> int:
    enough, in_time = IN_TIME * sum(lateness), 0
    for edge_ms, events in zip(LATENESS_MS, lateness, strict=True):
        in_time += events
        if in_time >= enough:
            return edge_ms
    return LATENESS_MS[-1]


def _numbers(from_ms: int, to_ms: int) -> range:
    return range(from_ms // STRETCH_MS, to_ms // STRETCH_MS + 1)


def _extent(number: int, stretch: Stretch, to_ms: int) -> tuple[int, int]:
    return stretch.from_ms, min((number + 1) * STRETCH_MS - 1, to_ms)


def _is_whole(extent: tuple[int, int], windows: _Windows) -> bool:
    return any(from_ms <= extent[0] and extent[1] <= to_ms for from_ms, to_ms in windows)


def _merged(windows: Iterable[tuple[int, int]]) -> _Windows:
    """Windows that touch or overlap as one, in order of time."""
    merged: list[tuple[int, int]] = []
    for from_ms, to_ms in sorted(windows):
        if merged and from_ms <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], to_ms))
        else:
            merged.append((from_ms, to_ms))
    return tuple(merged)


def _cut(windows: _Windows, unreadable: Iterable[int]) -> _Windows:
    """The windows without single milliseconds."""
    for at_ms in unreadable:
        windows = tuple(
            part
            for from_ms, to_ms in windows
            for part in (
                ((from_ms, at_ms - 1), (at_ms + 1, to_ms))
                if from_ms <= at_ms <= to_ms
                else ((from_ms, to_ms),)
            )
            if part[0] <= part[1]
        )
    return windows
