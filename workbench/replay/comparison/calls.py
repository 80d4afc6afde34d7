"""Sets the AWS calls of two invocations side by side: which are the same, which changed, which are missing or extra.

Calls are a multiset: their order counts only where one resource is written more than once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workbench.replay.comparison.fields import (
    FieldChange,
    canonical,
    field_changes,
    leaves,
)
from workbench.replay.comparison.places import Place

LEAST_ALIKE = 0.5
"""Less alike, two calls are one missing and one extra. Assumed: of one that changed, half stays."""
MOST_PAIRS = 10_000
"""Of calls of one operation that are weighed against each other; where there are more, they pair in their order."""
_READS = ("Get", "List", "Describe", "Query", "Scan", "Head", "BatchGet", "Receive", "TransactGet")
_HOLDERS = (
    "TableName",
    "Bucket",
    "StreamARN",
    "StreamName",
    "QueueUrl",
    "TopicArn",
    "Name",
    "SecretId",
)
_KEYS = ("Key", "PartitionKey", "MessageGroupId")
_ENTRIES = {
    "SendMessageBatch": ("Entries", "SendMessage"),
    "DeleteMessageBatch": ("Entries", "DeleteMessage"),
    "ChangeMessageVisibilityBatch": ("Entries", "ChangeMessageVisibility"),
    "PublishBatch": ("PublishBatchRequestEntries", "Publish"),
    "PutRecords": ("Records", "PutRecord"),
    "PutRecordBatch": ("Records", "PutRecord"),
    "PutEvents": ("Entries", "PutEvents"),
}


@dataclass(frozen=True)
class AwsCall:
    """One call of a handler, as the relation `effects` has it."""

    service: str
    operation: str
    parameters: Any

    @property
    def place(self) -> Place:
        """Where its parameters are."""
        return ("effects", self.service, self.operation)

    @cached_property
    def says(self) -> frozenset[tuple[Place, str]]:
        """Its parameters' leaves."""
        try:
            return frozenset(leaves(self.parameters, self.place))
        except RecursionError:
            return frozenset({(self.place, repr(type(self.parameters)))})


Ignored = Callable[[Place], bool]


def call_changes(
    a: Sequence[AwsCall],
    b: Sequence[AwsCall],
    ignored: Ignored = lambda place: False,
    *,
    in_order: bool = True,
    least_alike: float = LEAST_ALIKE,
) -> Iterator[FieldChange]:
    """What differs between two lists of calls.

    Args:
        a: the calls of one side, in order.
        b: those of the other.
        ignored: whether a place does not count.
        in_order: whether the order of writes to one resource counts.
        least_alike: the share of agreeing parameters from which on two calls are one that changed.

    Returns:
        `removed` (missing in b) and `added` (extra) for whole calls, at `effects.SERVICE.OPERATION`; the fields of
        those that changed; `reordered` where the writes to one resource came in another order.
    """
    said_a, said_b = (
        [_counting(call, ignored) for call in a],
        [_counting(call, ignored) for call in b],
    )
    same = Counter(said_a) & Counter(said_b)
    rest_a, rest_b = _beyond(a, said_a, same), _beyond(b, said_b, same)
    for operation in sorted({*rest_a, *rest_b}):
        yield from _operation_changes(
            rest_a.get(operation, []), rest_b.get(operation, []), ignored, least_alike
        )
    if in_order:
        keys = _key_names([*a, *b])
        yield from _reordered(
            _writes(a, said_a, same, keys), _writes(b, said_b, same, keys), ignored
        )


def in_entries(calls: Iterable[AwsCall]) -> Iterator[AwsCall]:
    """The calls with each batch operation as the single ones that it stands for: batches cut otherwise do the same.

    Example:
        >>> batch = AwsCall("sqs", "SendMessageBatch", {"QueueUrl": "q", "Entries": [{"Id": "1", "MessageBody": "x"}]})
        >>> [(call.operation, call.parameters) for call in in_entries([batch])]
        [('SendMessage', {'QueueUrl': 'q', 'MessageBody': 'x'})]
    """
    for call in calls:
        member, single = _ENTRIES.get(call.operation, ("", ""))
        entries = call.parameters.get(member) if isinstance(call.parameters, dict) else None
        if isinstance(entries, list) and all(isinstance(each, dict) for each in entries):
            shared = {name: each for name, each in call.parameters.items() if name != member}
            for entry in entries:
                own = {name: each for name, each in entry.items() if name != "Id"}
                yield AwsCall(call.service, single, shared | own)
        else:
            yield call


_Said = tuple[str, str, frozenset[tuple[Place, str]]]


def _counting(call: AwsCall, ignored: Ignored) -> _Said:
    """What of the call counts; equal for equal calls."""
    says = call.says
    own = [leaf for leaf in says if ignored(leaf[0])]
    return call.service, call.operation, says.difference(own) if own else says


def _beyond(
    calls: Sequence[AwsCall], said: Sequence[_Said], same: Counter[_Said]
) -> dict[tuple[str, str], list[AwsCall]]:
    """By operation, the calls that the other side has not; of equal ones the later."""
    left, beyond = Counter(same), defaultdict(list)
    for call, counting in zip(calls, said, strict=True):
        if left[counting]:
            left[counting] -= 1
        else:
            beyond[call.service, call.operation].append(call)
    return beyond


def _operation_changes(
    a: list[AwsCall], b: list[AwsCall], ignored: Ignored, least_alike: float
) -> Iterator[FieldChange]:
    pairs = list(_nearest(a, b, least_alike))
    for left, right in pairs:
        for change in field_changes(a[left].parameters, b[right].parameters, a[left].place):
            if not ignored(change.place):
                yield change
    matched_a, matched_b = {left for left, _ in pairs}, {right for _, right in pairs}
    for number, call in enumerate(a):
        if number not in matched_a and not ignored(call.place):
            yield FieldChange(call.place, "removed", value_a=call.parameters)
    for number, call in enumerate(b):
        if number not in matched_b and not ignored(call.place):
            yield FieldChange(call.place, "added", value_b=call.parameters)


def _nearest(a: list[AwsCall], b: list[AwsCall], least_alike: float) -> Iterator[tuple[int, int]]:
    """Pairs of calls that are one which changed, the most alike first; the same whichever side is a."""
    if len(a) * len(b) > MOST_PAIRS:
        yield from zip(range(len(a)), range(len(b)), strict=False)
        return
    keys = _key_names([*a, *b])
    resources = [[_resource(call, keys) for call in side] for side in (a, b)]
    weighed = []
    for left, call in enumerate(a):
        for right, other in enumerate(b):
            alike = _alike(call, other)
            of_one = resources[0][left]
            if alike >= least_alike or (of_one is not None and of_one == resources[1][right]):
                weighed.append((-alike, left + right, abs(left - right), left, right))
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    for *_, left, right in sorted(weighed):
        if left not in taken_a and right not in taken_b:
            taken_a.add(left)
            taken_b.add(right)
            yield left, right


def _alike(a: AwsCall, b: AwsCall) -> float:
    both = len(a.says) + len(b.says)
    return 2 * len(a.says & b.says) / both if both else 1.0


def _key_names(calls: Iterable[AwsCall]) -> dict[str, frozenset[str]]:
    """The key attributes of tables, as calls with a `Key` tell: PutItem's `Item` does not say which they are."""
    return {
        str(call.parameters.get("TableName")): frozenset(call.parameters["Key"])
        for call in calls
        if call.service == "dynamodb"
        and isinstance(call.parameters, dict)
        and isinstance(call.parameters.get("Key"), dict)
    }


def _resource(call: AwsCall, keys: Mapping[str, frozenset[str]]) -> tuple[str, str, str] | None:
    """What a call writes, down to the key; None where it does not say."""
    said = call.parameters
    if not isinstance(said, dict):
        return None
    holder = next((said[name] for name in _HOLDERS if name in said), None)
    key = next((said[name] for name in _KEYS if name in said), None)
    item = said.get("Item")
    if isinstance(item, dict) and isinstance(holder, str):
        names = keys.get(holder, frozenset())
        key = {name: item[name] for name in names} if names and names <= set(item) else None
    if holder is None or key is None:
        return None
    return call.service, canonical(holder), canonical(key)


def _writes(
    calls: Sequence[AwsCall],
    said: Sequence[_Said],
    same: Counter[_Said],
    keys: Mapping[str, frozenset[str]],
) -> dict[tuple[str, str, str], list[tuple[AwsCall, _Said]]]:
    """By resource, the writes that both sides have, in order."""
    left, writes = Counter(same), defaultdict(list)
    for call, counting in zip(calls, said, strict=True):
        if not left[counting]:
            continue
        left[counting] -= 1
        resource = None if call.operation.startswith(_READS) else _resource(call, keys)
        if resource is not None:
            writes[resource].append((call, counting))
    return writes


def _reordered(
    a: Mapping[tuple[str, str, str], list[tuple[AwsCall, _Said]]],
    b: Mapping[tuple[str, str, str], list[tuple[AwsCall, _Said]]],
    ignored: Ignored,
) -> Iterator[FieldChange]:
    for resource in sorted(a.keys() & b.keys()):
        sides = a[resource], b[resource]
        if [said for _, said in sides[0]] != [said for _, said in sides[1]]:
            place = ("effects", resource[0])
            if not ignored(place):
                values = (
                    [f"{call.operation} {canonical(call.parameters)}" for call, _ in side]
                    for side in sides
                )
                yield FieldChange(place, "reordered", *values)
