"""Coverage as a picture of characters: a row a source or partition, time from left to right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from workbench.markup import visible
from workbench.tail.lines import cells_wide, shortened
from workbench.trace.holes import advice
from workbench.trace.sources import source_name

STATES = ("hole", "assumed", "read", "sealed")
"""The weakest first: of what falls into one cell it is the one that is drawn."""
GLYPHS = {"hole": "▼", "assumed": "░", "read": "▓", "sealed": "█", "": "·"}
ASCII_GLYPHS = {"hole": "X", "assumed": "-", "read": "=", "sealed": "#", "": "."}
COLOURS = {"hole": 160, "assumed": 136, "read": 72, "sealed": 29, "": 244}
MEANINGS = {
    "hole": "hole",
    "assumed": "assumed",
    "read": "read",
    "sealed": "sealed (read again, nothing late)",
    "": "unknown",
}
FOLDED_FROM = 4
"""A source with so many partitions or more is one row."""
LEAST_CELLS, MOST_NAME = 20, 44
STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        0.001,
        0.01,
        0.1,
        1,
        5,
        15,
        30,
        60,
        300,
        900,
        1_800,
        3_600,
        10_800,
        21_600,
        43_200,
    )
) + tuple(timedelta(days=days) for days in (1, 2, 7, 30, 90, 365))
TICK = "╵"
TICK_CELLS = 14
"""From one label of the axis to the next at least."""

Span = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """How the picture is drawn."""

    width: int
    """Cells of the terminal's line."""
    unicode: bool = True
    coloured: bool = False
    every: bool = False
    """A row for every partition, however many."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: a partition, or all partitions of a source."""

    source_arn: str
    name: str
    spans: tuple[Span, ...]


def lanes_of(spans: Sequence[Span], every: bool) -> list[Lane]:
    """The rows: a partition each; of a source with many of them one for all, unless every one was asked for.

    Args:
        spans: rows of `Trace.coverage`, as dictionaries.
        every: fold nothing.
    """
    by_source: dict[str, dict[str, list[Span]]] = {}
    for span in spans:
        by_source.setdefault(span["source_arn"], {}).setdefault(span["partition_id"], []).append(
            span
        )
    lanes: list[Lane] = []
    for arn, partitions in by_source.items():
        name = visible(source_name(arn))
        if len(partitions) >= FOLDED_FROM and not every:
            together = tuple(span for each in partitions.values() for span in each)
            lanes.append(Lane(arn, f"{name} ({len(partitions):,} partitions)", together))
            continue
        lanes += [
            Lane(arn, f"{name} {visible(partition)}".strip(), tuple(each))
            for partition, each in partitions.items()
        ]
    return lanes


def draw(spans: Sequence[Span], look: Look) -> list[str]:
    r"""The picture, line by line: legend, rows, axis. A hole is seen however short it is.

    Args:
        spans: rows of `Trace.coverage`, as dictionaries, at least one.
        look: how.

    Example:
        >>> print("\n".join(draw(trace.coverage().to_dicts(), Look(80))))  # doctest: +SKIP
    """
    lanes = lanes_of(spans, look.every)
    name_width = min(
        MOST_NAME,
        max(cells_wide(lane.name) for lane in lanes),
        max(8, min(look.width // 2, look.width - LEAST_CELLS - 2)),
    )
    cells = max(LEAST_CELLS, look.width - name_width - 2)
    from_at, to_at = min(s["from_at"] for s in spans), max(s["to_at"] for s in spans)
    axis = Axis(from_at, max(to_at, from_at + timedelta(milliseconds=1)), cells)
    rows = [
        f"{_name(lane.name, name_width)}  {_painted(states_of(lane.spans, axis), look)}"
        for lane in lanes
    ]
    blank = " " * (name_width + 2)
    ticks, labels = axis.ticks(ascii_only=not look.unicode)
    return [_legend(spans, look), "", *rows, blank + ticks, blank + labels]


@dataclass(frozen=True, slots=True)
class Axis:
    """Time, in cells."""

    from_at: datetime
    to_at: datetime
    cells: int

    def cell(self, at: datetime) -> int:
        """The cell that an instant falls into; the end of time falls into the last."""
        return min(
            self.cells - 1, int((at - self.from_at) / (self.to_at - self.from_at) * self.cells)
        )

    def ticks(self, *, ascii_only: bool = False) -> tuple[str, str]:
        """A line with marks at round instants, and one that says which; the first is the beginning, with its date."""
        least = (self.to_at - self.from_at) * (TICK_CELLS / self.cells)
        step = next((step for step in STEPS if step >= least), STEPS[-1])
        marks, labels = [" "] * self.cells, [" "] * self.cells
        mark = "'" if ascii_only else TICK
        free = 0
        first = self.from_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for at, label in [
            (self.from_at, first),
            *((at, _label(at, step)) for at in self._round(step)),
        ]:
            start = self.cell(at)
            if start < free or start + len(label) > self.cells:
                continue
            marks[start] = mark
            labels[start : start + len(label)] = label
            free = start + len(label) + 2
        return "".join(marks).rstrip(), "".join(labels).rstrip()

    def _round(self, step: timedelta) -> list[datetime]:
        midnight = self.from_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight + ((self.from_at - midnight) // step + 1) * step
        count = max(0, (self.to_at - first) // step + 1)
        return [first + number * step for number in range(min(count, self.cells))]


def span_rows(listed: Sequence[Span], spans: Sequence[Span], every: bool) -> list[list[Any]]:
    """Rows of a table: where, what it is, from when to when, how long, and what to do about a hole.

    Of a source that is one row of the picture, spans of one state and cause are one row here.

    Args:
        listed: which to list, rows of `Trace.coverage` as dictionaries.
        spans: all of them.
        every: fold nothing.
    """
    partitions = Counter(arn for arn, _ in {(s["source_arn"], s["partition_id"]) for s in spans})
    groups: dict[tuple[Any, ...], list[Span]] = {}
    for number, span in enumerate(listed):
        folded = partitions[span["source_arn"]] >= FOLDED_FROM and not every
        own = ("", "") if folded else (span["partition_id"], number)
        key = (span["source_arn"], span["state"], span["cause"], *own)
        groups.setdefault(key, []).append(span)
    return [
        _span_row(arn, state, cause, group) for (arn, state, cause, *_), group in groups.items()
    ]


def _span_row(arn: str, state: str, cause: str | None, group: Sequence[Span]) -> list[Any]:
    from_at, to_at = min(s["from_at"] for s in group), max(s["to_at"] for s in group)
    there = sorted({span["partition_id"] for span in group})
    where = there[0] if len(there) == 1 else f"{len(there):,} partitions"
    times = f" ({len(group):,} times)" if len(group) > len(there) else ""
    what = f"hole: {cause or 'unknown'}{times}" if state == "hole" else state
    to_do = advice(cause) if state == "hole" else ""
    return [source_name(arn), where, what, from_at, to_at, length_text(to_at - from_at), to_do]


def length_text(length: timedelta) -> str:
    """A length of time in its two largest units.

    Example:
        >>> length_text(timedelta(hours=26, minutes=5)), length_text(timedelta(milliseconds=1500))
        ('1 d 2 h', '1.5 s')
    """
    seconds = length / timedelta(seconds=1)
    if seconds < 1:
        return f"{round(seconds * 1_000, 3):g} ms"
    if seconds < 60:
        return f"{round(seconds, 3):g} s"
    whole = round(seconds)
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    counts = [
        (whole // size % most, name)
        for (name, size), most in zip(units, (10**9, 24, 60, 60), strict=True)
    ]
    first = next(place for place, (count, _) in enumerate(counts) if count)
    return " ".join(f"{count} {name}" for count, name in counts[first : first + 2] if count)


def speaks_unicode(encoding: str) -> bool:
    """Whether an output's encoding has the glyphs."""
    try:
        "".join([*GLYPHS.values(), TICK]).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def states_of(spans: Sequence[Span], axis: Axis) -> list[str]:
    """The state of each cell: the weakest that any part of it has, "" where nothing is known."""
    ranks = [len(STATES)] * axis.cells
    for span in spans:
        rank = STATES.index(span["state"])
        first, last = axis.cell(span["from_at"]), axis.cell(span["to_at"])
        if last > first and _ends_at_edge(span["to_at"], last, axis):
            last -= 1
        for cell in range(first, last + 1):
            ranks[cell] = min(ranks[cell], rank)
    return [STATES[rank] if rank < len(STATES) else "" for rank in ranks]


def _ends_at_edge(at: datetime, cell: int, axis: Axis) -> bool:
    """Whether nothing of the cell is before the instant; the last one's end is the end of time."""
    return (
        at < axis.to_at and (at - axis.from_at) / (axis.to_at - axis.from_at) * axis.cells == cell
    )


def _label(at: datetime, step: timedelta) -> str:
    utc = at.astimezone(UTC)
    if step >= timedelta(days=1):
        return utc.strftime("%m-%d")
    if step < timedelta(seconds=1):
        return utc.strftime("%M:%S.%f")[:-3]
    text = utc.strftime("%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M")
    return utc.strftime("%m-%d ") + text if text.startswith("00:00") else text


def _name(name: str, width: int) -> str:
    fitted = shortened(name, width, keep_end=True)
    return fitted + " " * (width - cells_wide(fitted))


def _legend(spans: Sequence[Span], look: Look) -> str:
    """The glyphs that are there to be seen, with their words."""
    there = {span["state"] for span in spans}
    states = [state for state in reversed(STATES) if state in there]
    return "  ".join(f"{_painted([state], look)} {MEANINGS[state]}" for state in [*states, ""])


def _painted(states: Sequence[str], look: Look) -> str:
    glyphs = GLYPHS if look.unicode else ASCII_GLYPHS
    runs = [(state, glyphs[state] * len(list(cells))) for state, cells in groupby(states)]
    if not look.coloured:
        return "".join(text for _, text in runs)
    return "".join(f"\x1b[38;5;{COLOURS[state]}m{text}\x1b[0m" for state, text in runs)
