"""Groups identical differences, and leaves out those that one and the same code shows when it runs twice."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.replay.comparison.fields import ABSENT, kind, shown
from workbench.replay.comparison.invocations import Difference
from workbench.replay.comparison.places import field_of
from workbench.replay.signature import signature

EXAMPLES = 5
MOST_VALUES = 10
"""A field with more pairs of values is grouped by what its values look like. Assumed: more is no enumeration."""
LEAST_RELATIVE = 0.20
"""|raw - noise| / (raw + noise) must be above: less is what two runs of one code differ by among themselves."""
LEAST_ABSOLUTE = 0.0003
"""|raw - noise| / requests must be above: rarer is chance."""


@dataclass(frozen=True, slots=True)
class Group:
    """Differences of one kind: the same field, changed alike."""

    field: str
    """The place, with `[*]` for every position in a list."""
    change: str
    value_a: str | None
    """JSON text, or what the values have in common (`number`, `object`, a text with `#` and `*`); None: no value."""
    value_b: str | None
    differences: tuple[Difference, ...]

    def document(self) -> dict[str, Any]:
        """As `compare --json` prints it."""
        records = {record: None for each in self.differences for record in each.record_ids}
        return {
            "field": self.field,
            "change": self.change,
            "value_a": self.value_a,
            "value_b": self.value_b,
            "count": len(self.differences),
            "records": len(records),
            "examples": sorted(records)[:EXAMPLES],
        }


def group(differences: Iterable[Difference]) -> tuple[Group, ...]:
    """Every difference in one group, the largest group first.

    Few pairs of values in a field (a status code's) are told apart; of many (an id's) each is what it looks like.
    """
    fields: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for each in differences:
        fields[field_of(each.place), each.change].append(each)
    groups = []
    for (field, change), those in fields.items():
        exact = _by_values(those, shown)
        for values, alike in (
            exact if len(exact) <= MOST_VALUES else _by_values(those, _looks)
        ).items():
            groups.append(Group(field, change, *values, tuple(alike)))
    return tuple(
        sorted(
            groups,
            key=lambda each: (
                -len(each.differences),
                each.field,
                each.change,
                each.value_a or "",
                each.value_b or "",
            ),
        )
    )


def _by_values(
    differences: Iterable[Difference], look: Any
) -> dict[tuple[str | None, str | None], list[Difference]]:
    groups: dict[tuple[str | None, str | None], list[Difference]] = defaultdict(list)
    for each in differences:
        groups[look(each.value_a), look(each.value_b)].append(each)
    return groups


def _looks(value: Any) -> str | None:
    """What a value has in common with others of its kind."""
    if value is ABSENT or value is None or isinstance(value, bool):
        return shown(value)
    return shown(signature(None, value)) if isinstance(value, str) else kind(value)


@dataclass(frozen=True, slots=True)
class FieldCount:
    """In how many requests a field differs, and in how many it does without any change of code."""

    field: str
    raw: int
    noise: int

    def is_telling(
        self,
        requests: int,
        least_relative: float = LEAST_RELATIVE,
        least_absolute: float = LEAST_ABSOLUTE,
    ) -> bool:
        """Whether the field differs more than it does of itself.

        Example:
            >>> FieldCount("$.total", 60, 2).is_telling(100), FieldCount("$.at", 100, 100).is_telling(100)
            (True, False)

        Source: the rule of Twitter's Diffy: the candidate once, the known-good code twice.
        """
        more = self.raw - self.noise
        return (
            more > 0
            and more / (self.raw + self.noise) > least_relative
            and more / max(requests, 1) > least_absolute
        )

    def document(self) -> dict[str, Any]:
        """As `compare --json` prints it."""
        return {"field": self.field, "raw": self.raw, "noise": self.noise}


def count_fields(raw: Iterable[Difference], noise: Iterable[Difference]) -> tuple[FieldCount, ...]:
    """Requests by field, of what two runs differ in and of what one code run twice does; the most first."""
    counts, still = _requests(raw), _requests(noise)
    told = (FieldCount(field, counts[field], still[field]) for field in counts)
    return tuple(sorted(told, key=lambda each: (-each.raw, each.field)))


def _requests(differences: Iterable[Difference]) -> Mapping[str, int]:
    return Counter(
        field
        for field, *_ in {
            (
                field_of(each.place),
                each.invocation_a,
                each.invocation_b,
                each.invocation_a or each.record_ids,
            )
            for each in differences
        }
    )
