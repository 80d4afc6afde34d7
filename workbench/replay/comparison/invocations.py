"""What differs between the invocations of two runs: errors, responses and AWS calls, matched by the records given.

Where both runs gave the same records together for the same time, the two invocations are a pair. What was batched
otherwise is compared by its calls alone, over the smallest sets of records that neither run mixed with others.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from workbench.replay.comparison.calls import AwsCall, call_changes, in_entries
from workbench.replay.comparison.fields import FieldChange, field_changes, read_json
from workbench.replay.comparison.places import Place
from workbench.trace import Trace
from workbench.trace.sql import load_statement

SLICE_BYTES = 64 * 1024 * 1024
SLICE_ROWS = 5_000
"""Looked at in one go, so that what differs never has to be in memory at once."""
GENERATED = frozenset(
    {
        "MessageId",
        "SequenceNumber",
        "EventId",
        "VersionId",
        "UploadId",
        "RequestId",
        "ReceiptHandle",
        "ShardIterator",
        "ETag",
    }
)
"""Members of answers that AWS makes up: where a handler passes them on, no run is like another."""
_SHORTEST_ID = 8
_FEW_IDS = 32
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID = re.compile(r"[\w+/=-]{8,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs between two invocations, or between all that two runs did with some records."""

    place: Place
    change: str
    value_a: Any
    value_b: Any
    invocation_a: str | None
    """None, as `invocation_b`, where the records were batched otherwise."""
    invocation_b: str | None
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InvocationsCompared:
    """Two runs, invocation by invocation."""

    differences: tuple[Difference, ...]
    pairs: pl.DataFrame
    """Pairs alone: the columns of `batches_of_runs.sql`."""
    alone_a: int
    """Invocations whose records run b batched otherwise, or gave less often."""
    alone_b: int
    sets_batched_otherwise: int
    """Sets of records that those are about; each stands for a pair where requests are counted."""


def compare_invocations(
    trace: Trace, run_a: str, run_b: str, ignored: Callable[[Place], bool], *, with_calls: bool
) -> InvocationsCompared:
    """What differs between the invocations of two runs.

    Args:
        trace: where they are.
        run_a: the earlier.
        run_b: the later.
        ignored: whether a place does not count.
        with_calls: whether the AWS calls of both were recorded.
    """
    sets = trace.sql(load_statement(__package__, "batches_of_runs").text, run_a=run_a, run_b=run_b)
    pairs = sets.filter(pl.col("invocation_a").is_not_null() & pl.col("invocation_b").is_not_null())
    found: list[Difference] = []
    for part in _slices(pairs.filter("differs")):
        sides = [
            _told(trace, run, part[name].to_list())
            for run, name in ((run_a, "invocation_a"), (run_b, "invocation_b"))
        ]
        for name_a, name_b in part.select("invocation_a", "invocation_b").iter_rows():
            a, b = sides[0][name_a], sides[1][name_b]
            for change in _pair_changes(a, b, ignored, with_calls=with_calls):
                if not ignored(change.place):
                    found.append(_difference(change, name_a, name_b, a.record_ids))
    alone = [
        sets.filter(pl.col(other).is_null()).select(pl.col(own).alias("id"), "text_bytes")
        for own, other in (("invocation_a", "invocation_b"), ("invocation_b", "invocation_a"))
    ]
    groups = _record_sets(_all_told(trace, run_a, alone[0]), _all_told(trace, run_b, alone[1]))
    for each in groups if with_calls else ():
        records = tuple(sorted(each.record_ids))
        for change in call_changes(*each.unlike(), ignored, in_order=False):
            found.append(_difference(change, None, None, records))
    return InvocationsCompared(tuple(found), pairs, alone[0].height, alone[1].height, len(groups))


_Call = tuple[str, str, str]
"""Service, operation, parameters as JSON text: equal texts need not be read."""


@dataclass(frozen=True, slots=True)
class _Told:
    """An invocation without what is its run's own: request id, receipt handles, ids that AWS gave it."""

    records: tuple[tuple[str, str], ...]
    error: str | None
    response: str | None
    calls: tuple[_Call, ...]

    @property
    def record_ids(self) -> tuple[str, ...]:
        return tuple(record_id for _, record_id in self.records)


def _pair_changes(
    a: _Told, b: _Told, ignored: Callable[[Place], bool], *, with_calls: bool
) -> Iterator[FieldChange]:
    if a.error is not None or b.error is not None:
        if a.error != b.error:
            change = "added" if a.error is None else "removed" if b.error is None else "changed"
            yield FieldChange(("error",), change, a.error, b.error)
    elif a.response != b.response:
        yield from field_changes(read_json(a.response), read_json(b.response))
    if with_calls and a.calls != b.calls:
        yield from call_changes(_read(a.calls), _read(b.calls), ignored)


def _read(calls: Iterable[_Call]) -> list[AwsCall]:
    return [AwsCall(service, operation, read_json(text)) for service, operation, text in calls]


def _difference(
    change: FieldChange, a: str | None, b: str | None, record_ids: tuple[str, ...]
) -> Difference:
    return Difference(change.place, change.change, change.value_a, change.value_b, a, b, record_ids)


def _slices(pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    start, size_bytes = 0, 0
    for number, text_bytes in enumerate(pairs["text_bytes"]):
        if number > start and (
            size_bytes + text_bytes > SLICE_BYTES or number - start == SLICE_ROWS
        ):
            yield pairs[start:number]
            start, size_bytes = number, 0
        size_bytes += text_bytes
    if start < pairs.height:
        yield pairs[start:]


def _all_told(trace: Trace, run_id: str, alone: pl.DataFrame) -> Iterator[_Told]:
    for part in _slices(alone):
        yield from _told(trace, run_id, part["id"].to_list()).values()


def _told(trace: Trace, run_id: str, invocation_ids: Sequence[str]) -> dict[str, _Told]:
    statement = load_statement(__package__, "told_invocations").text
    rows = trace.sql(statement, run_id=run_id, invocation_ids=list(invocation_ids))
    return {row["invocation_id"]: _without_own_ids(row) for row in rows.iter_rows(named=True)}


def _without_own_ids(row: Mapping[str, Any]) -> _Told:
    names = {row["invocation_id"]: "(request id)"}
    for number, handle in enumerate(row["receipt_handles"] or (), 1):
        names.setdefault(handle, f"(receipt handle {number})")
    calls = json.loads(row["calls"] or "[]")
    counts: Counter[str] = Counter()
    for call in calls:
        for member, value in _generated(read_json(call["answered_with"])):
            what = f"{member} of {call['service']}.{call['operation']}"
            if value not in names:
                counts[what] += 1
                names[value] = f"({what} {counts[what]})"
    error = None
    if row["error_type"] is not None:
        error = ": ".join(filter(None, (row["error_type"], row["error_message"])))
    return _Told(
        tuple(zip(row["partition_ids"] or (), row["record_ids"] or (), strict=True)),
        error and _renamed(error, names),
        row["response"] and _renamed(row["response"], names),
        tuple(
            (call["service"], call["operation"], _renamed(call["parameters"], names))
            for call in calls
        ),
    )


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with each id as its name; of many ids those that stand alone in it, so that it takes one pass."""
    if len(names) <= _FEW_IDS:
        for own in sorted(names, key=len, reverse=True):  # one id may hold another
            text = text.replace(own, names[own])
        return text
    for ids in (_UUID, _ID):
        text = ids.sub(lambda found: names.get(found[0], found[0]), text)
    return text


def _generated(answer: Any) -> Iterator[tuple[str, str]]:
    """Ids that AWS made up, with the member that they are in."""
    waiting = [answer]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for member, each in value.items():
                if member in GENERATED and isinstance(each, str) and len(each) >= _SHORTEST_ID:
                    yield member, each
                waiting.append(each)
        elif isinstance(value, list):
            waiting.extend(reversed(value))


@dataclass(frozen=True, slots=True)
class _RecordSet:
    """Records that neither run mixed with others, and the calls of each run about them."""

    record_ids: set[str]
    calls: tuple[Counter[_Call], Counter[_Call]]

    def unlike(self) -> tuple[list[AwsCall], list[AwsCall]]:
        """The calls of each side whose very text the other has not, batches of them as what they stand for."""
        a, b = self.calls
        ours, theirs = (list(in_entries(_read(side.elements()))) for side in (a - b, b - a))
        return ours, theirs


def _record_sets(a: Iterable[_Told], b: Iterable[_Told]) -> list[_RecordSet]:
    """The smallest such sets: an invocation joins its records."""
    parents: dict[tuple[str, str], tuple[str, str]] = {}

    def root(record: tuple[str, str]) -> tuple[str, str]:
        while parents.setdefault(record, record) != record:
            parents[record] = parents[parents[record]]
            record = parents[record]
        return record

    # An invocation without records (the last of a window) is of a set of its own kind.
    sides = [[(each.records or (("", ""),), each.calls) for each in side] for side in (a, b)]
    for side in sides:
        for records, _ in side:
            for record in records[1:]:
                parents[root(record)] = root(records[0])
    sets: dict[tuple[str, str], _RecordSet] = {}
    for number, side in enumerate(sides):
        for records, calls in side:
            own = sets.setdefault(root(records[0]), _RecordSet(set(), (Counter(), Counter())))
            own.record_ids.update(record_id for _, record_id in records)
            own.calls[number].update(calls)
    return list(sets.values())
