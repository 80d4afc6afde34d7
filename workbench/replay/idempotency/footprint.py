"""What a run leaves behind, so that two runs can be set side by side."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.replay.engine.invocation import Effect
from workbench.replay.idempotency.writes import (
    ADDS,
    DEDUPLICATED,
    STATE,
    TARGETS,
    UNSURE,
    Write,
    opened,
    writes,
)

NOISE = "(differs each time)"
Path = tuple[str, ...]
Keys = Mapping[str, Iterable[str]]
"""The names of a table's key, by table."""


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """One thing left behind, without what differs each time."""

    service: str
    operation: str
    nature: str
    parameters: str
    """Compact JSON, its keys sorted."""

    def document(self) -> dict[str, Any]:
        """As `idempotency --json` prints it."""
        return {
            "service": self.service,
            "operation": self.operation,
            "nature": self.nature,
            "parameters": json.loads(self.parameters),
        }


@dataclass(frozen=True, slots=True)
class Footprint:
    """Everything that a run left behind."""

    counts: Counter[Left]
    """Of a state, 1: setting it again to the same changes nothing."""
    last: Mapping[str, Left]
    """What each target was set to last, where the target is known."""

    @classmethod
    def of(
        cls, effects: Iterable[Effect], noise: frozenset[tuple[str, str, Path]], keys: Keys
    ) -> "Footprint":
        """From the calls of a run, in their order.

        Args:
            effects: of the run.
            noise: service, operation and path of what differs each time.
            keys: of tables.
        """
        counts: Counter[Left] = Counter()
        last: dict[str, Left] = {}
        for write in (each for effect in effects for each in writes(effect)):
            left, target = _trace(write, noise, keys)
            if left.nature in (STATE, DEDUPLICATED):
                counts[left] = 1
            else:
                counts[left] += 1
            if target is not None and left.nature == STATE:
                last[target] = left
        return cls(counts, last)

    def beyond(self, plain: "Footprint") -> Counter[Left]:
        """What it has more than another one, and states that were left otherwise."""
        more = self.counts - plain.counts
        for target, left in self.last.items():
            if plain.last.get(target, left) != left:
                more[left] = max(more[left], 1)
        return more


def noise_between(
    one: Sequence[Effect], other: Sequence[Effect]
) -> frozenset[tuple[str, str, Path]] | None:
    """What differs between two runs of the same records: service, operation, path; None: they do not compare."""
    pairs = list(_paired(one, other))
    if any(a is None or b is None for a, b in pairs):
        return None
    return frozenset(
        (a.service, a.operation, path)
        for a, b in pairs
        if a is not None and b is not None
        for path in _differing(opened(a.parameters), opened(b.parameters))
    )


def keys_seen(effects: Iterable[Effect]) -> dict[str, tuple[str, ...]]:
    """The key of each table that a call names it of: GetItem, UpdateItem, DeleteItem."""
    return {
        str(each.parameters["TableName"]): tuple(sorted(each.parameters["Key"]))
        for each in effects
        if each.service == "dynamodb" and {"TableName", "Key"} <= each.parameters.keys()
    }


def _trace(
    write: Write, noise: frozenset[tuple[str, str, Path]], keys: Keys
) -> tuple[Left, str | None]:
    members = opened(write.parameters)
    ours = {path for *name, path in noise if tuple(name) == (write.service, write.operation)}
    target = _target(write, keys)
    told = write.nature
    if told == STATE and ours:
        told = _nature_of_noisy(write, ours, target)
    clean = _masked(members, ours)
    text = json.dumps(clean, sort_keys=True, separators=(",", ":"), default=str)
    left = Left(write.service, write.operation, told, text)
    return left, None if target is None else json.dumps(target, sort_keys=True, default=str)


def _nature_of_noisy(write: Write, ours: set[Path], target: Mapping[str, Any] | None) -> str:
    """A state whose target differs each time is another one each time."""
    if target is None:
        return UNSURE if write.service == "dynamodb" else STATE
    names = target.keys() - {"service", "TableName"}
    if write.operation == "PutItem":
        return ADDS if any(path[:1] == ("Item",) and path[1] in names for path in ours) else STATE
    return ADDS if any(path[0] in names for path in ours) else STATE


def _target(write: Write, keys: Keys) -> dict[str, Any] | None:
    given = write.parameters
    if write.service == "dynamodb" and write.operation == "PutItem":
        table, item = str(given.get("TableName")), given.get("Item") or {}
        names = tuple(keys.get(table, ()))
        if not names or not set(names) <= item.keys():
            return None
        return {"service": "dynamodb", "TableName": table, **{name: item[name] for name in names}}
    if write.service == "dynamodb" and write.operation == "DeleteItem":
        table, key = str(given.get("TableName")), given.get("Key") or {}
        return {"service": "dynamodb", "TableName": table, **key}
    members = TARGETS.get((write.service, write.operation))
    if members is None:
        return None
    return {"service": write.service, **{name: given.get(name) for name in members}}


def _paired(
    one: Sequence[Effect], other: Sequence[Effect]
) -> Iterator[tuple[Write | None, Write | None]]:
    """Writes of the same operation, in their order."""
    by_name: defaultdict[tuple[str, str], tuple[list[Write], list[Write]]] = defaultdict(
        lambda: ([], [])
    )
    for side, effects in enumerate((one, other)):
        for write in (each for effect in effects for each in writes(effect)):
            by_name[write.service, write.operation][side].append(write)
    for a, b in by_name.values():
        for n in range(max(len(a), len(b))):
            yield (a[n] if n < len(a) else None), (b[n] if n < len(b) else None)


def _differing(a: Any, b: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for name in a:
            yield from _differing(a[name], b[name], (*path, name))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for left, right in zip(a, b, strict=True):
            yield from _differing(left, right, (*path, "[]"))
    elif a != b:
        yield path


def _masked(value: Any, paths: set[Path], path: Path = ()) -> Any:
    if path in paths:
        return NOISE
    if isinstance(value, dict):
        return {name: _masked(each, paths, (*path, name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, paths, (*path, "[]")) for each in value]
    return value
