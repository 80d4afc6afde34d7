"""A story: a span of time in a made-up system, and everything that its sources tell of it.

Nothing in it is drawn from anywhere but its own seed, so that the same story can be told again. Sources are filled
first and told last: then AWS's numbers follow from the instants, whatever was planted when.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Protocol
from uuid import UUID

from connectors.record import Page, Record, Resource, Span
from datasets.labels import Label, Name
from workbench.trace import TraceWriter

T0 = datetime(2026, 9, 14, 8, tzinfo=UTC)
"""Where every story begins: a Monday morning."""
REGION, ACCOUNT = "us-east-1", "111122223333"
KEY, SEQUENCE, EVENT_TIME = "$.order_id", "$.version", "$.at"
"""Business fields of every story."""
CAPTURED_AFTER_S = 60.0
"""What AWS keeps is read this long after the story's end."""
APART_S = 240.0
"""Between the beginnings of two faults of one function: the longest of them is over after two minutes."""
TRIES = 100
"""Draws of an instant that is so far from others, at most."""


class Teller(Protocol):
    """A source: what a capture would get of it."""

    def pages(self) -> Iterable[tuple[str, Page]]:
        """Its records, with what a capture proves read, by ARN."""
        ...

    def resources(self) -> Iterable[Resource]:
        """Its configuration."""
        ...


@dataclass(slots=True)
class Story:
    """What happens between two instants, counted in seconds from `T0`."""

    seed: int
    length_s: float
    random: Random = field(init=False)
    labels: list[Label] = field(default_factory=list, init=False)
    tellers: list[Teller] = field(default_factory=list, init=False)
    _numbers: dict[str, int] = field(default_factory=dict, init=False)
    _moments: dict[str, list[float]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    @property
    def captured_at_s(self) -> float:
        """When what AWS keeps was read, in seconds."""
        return self.length_s + CAPTURED_AFTER_S

    @property
    def captured_at(self) -> datetime:
        """The same, as an instant."""
        return at(self.captured_at_s)

    def number(self, of: str) -> int:
        """The next number of a name, from 1."""
        self._numbers[of] = self._numbers.get(of, 0) + 1
        return self._numbers[of]

    def uuid(self) -> str:
        """An id as AWS makes them."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def moment(self, lasts_s: float = 0.0, *, apart: str = "") -> float:
        """An instant with room before it and `lasts_s` of room behind it, seconds; far from others named the same.

        Two faults of one function at a time are a third: where two messages are poisonous at once most of what
        the function does fails, and two outages are a storm. Where there is no such room, the best of many tries.
        """
        taken = self._moments.setdefault(apart, []) if apart else []
        best_s, best_room_s = 0.0, -1.0
        for _ in range(TRIES):
            now_s = round(self.random.uniform(0.1, 0.8) * max(1.0, self.length_s - lasts_s), 3)
            room_s = min((abs(now_s - other_s) for other_s in taken), default=APART_S)
            if room_s > best_room_s:
                best_s, best_room_s = now_s, room_s
            if room_s >= APART_S:
                break
        taken.append(best_s)
        return best_s

    def plant(
        self,
        kind: str,
        source: str,
        key: str,
        what: str,
        *alike: Name,
        wanted: bool = True,
        **fields: Any,
    ) -> None:
        """Say that a fault was planted; `fields` are what its finding's own fields must say."""
        self.labels.append(Label(kind, source, key, what, alike, wanted, fields))

    def told(self, *, with_silent: bool = True) -> "Told":
        """What a capture gets.

        Args:
            with_silent: also of sources that have not a single record: what they are set to, and that they were read.
        """
        pages = [page for teller in self.tellers for page in teller.pages()]
        resources = [each for teller in self.tellers for each in teller.resources()]
        if not with_silent:
            heard = {record.source_arn for _, page in pages for record in page.records}
            pages = [(source, page) for source, page in pages if source in heard]
            is_rule = [":rule/" in each.source_arn for each in resources]
            resources = [
                each
                for each, rule in zip(resources, is_rule, strict=True)
                if rule or each.source_arn in heard
            ]
        return Told(tuple(pages), tuple(resources), tuple(self.labels), self.captured_at)


@dataclass(frozen=True, slots=True)
class Told:
    """A story as a capture has it, and what is true of it."""

    pages: tuple[tuple[str, Page], ...]
    """By source; a log group's page also holds the deliveries that its lines tell of."""
    resources: tuple[Resource, ...]
    labels: tuple[Label, ...]
    captured_at: datetime

    @property
    def records(self) -> tuple[Record, ...]:
        """All deliveries."""
        return tuple(record for _, page in self.pages for record in page.records)

    @property
    def spans(self) -> tuple[tuple[str, str, Span], ...]:
        """What was read and what was not: source, partition, span."""
        return tuple(
            (arn, page.checkpoint.partition_id, span)
            for arn, page in self.pages
            for span in page.spans
        )

    def write(self, folder: Path, now: Callable[[], datetime] | None = None) -> Path:
        """A trace of it, in one commit; it remembers its business fields."""
        clock = now or (lambda: self.captured_at)
        sources = sorted({arn for arn, _ in self.pages})
        writer = TraceWriter(folder, "capture", sources, clock)
        writer.catalog.remember(key=KEY, sequence=SEQUENCE, event_time=EVENT_TIME)
        writer.append_pages(self.pages)
        writer.append_resources(self.resources)
        writer.close()
        return folder


def at(seconds: float) -> datetime:
    """So many seconds after the beginning, to the millisecond.

    Example:
        >>> at(1.5).isoformat()
        '2026-09-14T08:00:01.500000+00:00'
    """
    return T0 + timedelta(milliseconds=round(seconds * 1_000))


def epoch_ms(seconds: float) -> int:
    """Milliseconds since the epoch."""
    return round(at(seconds).timestamp() * 1_000)


def iso_ms(seconds: float) -> str:
    """ISO 8601 with milliseconds and Z, as AWS's services write instants.

    Example:
        >>> iso_ms(1.5)
        '2026-09-14T08:00:01.500Z'
    """
    return at(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def arn(service: str, resource: str) -> str:
    """The ARN of a resource in the made-up account.

    Example:
        >>> arn("sqs", "orders")
        'arn:aws:sqs:us-east-1:111122223333:orders'
    """
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
