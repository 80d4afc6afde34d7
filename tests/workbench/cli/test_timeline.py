"""A picture of coverage hides no hole, fits its width, and says what every mark in it means."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.cli.timeline import (
    ASCII_GLYPHS,
    FOLDED_FROM,
    GLYPHS,
    STATES,
    Axis,
    Look,
    draw,
    lanes_of,
    length_text,
    span_rows,
    speaks_unicode,
    states_of,
)
from workbench.tail.lines import cells_wide

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
STREAM = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"
GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def span(
    start: float, end: float, state: str = "read", partition: str = "a", arn: str = STREAM
) -> dict[str, Any]:
    return {
        "source_arn": arn,
        "partition_id": partition,
        "from_at": at(start),
        "to_at": at(end),
        "state": state,
        "cause": "trimmed" if state == "hole" else None,
    }


def rows(lines: list[str]) -> list[str]:
    """The lines between legend and axis."""
    return lines[2:-2]


def test_a_row_is_drawn_from_left_to_right_with_its_legend_and_axis() -> None:
    spans = [
        span(0, 1_800),
        span(1_800, 2_700, "hole"),
        span(2_700, 3_600, arn=GROUP, partition=""),
    ]

    lines = draw(spans, Look(width=56))

    assert lines == [
        "▓ read  ▼ hole  · unknown",
        "",
        "kinesis:orders a  ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▼▼▼▼▼▼▼▼▼▼·········",
        "lambda:charge     ····························▓▓▓▓▓▓▓▓▓▓",
        "                  ╵",
        "                  2026-11-20T10:00:00Z",
    ]


def test_without_unicode_the_same_is_drawn_in_ascii() -> None:
    spans = [span(0, 9), span(9, 12, "hole"), span(12, 20, "assumed"), span(20, 30, "sealed")]

    text = "\n".join(draw(spans, Look(width=120, unicode=False)))

    assert text.isascii()
    assert {"=", "X", "-", "#"} <= set(text)
    assert "X hole" in text


def test_colours_add_nothing_but_colour() -> None:
    spans = [span(0, 9), span(9, 12, "hole"), span(12, 20, "sealed")]

    coloured = "\n".join(draw(spans, Look(width=60, coloured=True)))

    assert "\x1b[38;5;160m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == "\n".join(draw(spans, Look(width=60)))


def test_a_hole_of_a_millisecond_in_a_month_is_seen() -> None:
    month = 30 * 86_400
    lines = draw([span(0, month), span(month / 2, month / 2 + 0.001, "hole")], Look(width=60))

    assert rows(lines)[0].count("▼") == 1


def test_many_shards_are_one_row_with_their_count_in_which_every_hole_shows() -> None:
    spans = [span(0, 100, partition=f"shard-{n}") for n in range(500)]
    spans.append(span(40, 50, "hole", partition="shard-77"))

    (row,) = rows(draw(spans, Look(width=100)))

    assert row.startswith("kinesis:orders (500 partitions)  ▓▓▓")
    assert "▼" in row
    assert len(rows(draw(spans, Look(width=100, every=True)))) == 500


def test_few_shards_are_rows_of_their_own() -> None:
    spans = [span(0, 100, partition=f"shard-{n}") for n in range(FOLDED_FROM - 1)]

    assert len(lanes_of(spans, every=False)) == FOLDED_FROM - 1


def test_names_cannot_write_on_the_terminal() -> None:
    lines = draw([span(0, 9, partition="\x1b[2Jgone\u202e\n")], Look(width=80))

    assert all(line.isprintable() for line in lines)


Spans = st.lists(
    st.tuples(
        st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(STATES), st.sampled_from("abcdef")
    ).map(lambda drawn: span(min(drawn[:2]), max(drawn[:2]), *drawn[2:])),
    min_size=1,
    max_size=12,
)


@given(Spans, st.integers(40, 220), st.booleans(), st.booleans())
def test_no_line_is_wider_than_the_terminal_and_every_glyph_is_in_the_legend(
    spans: list[dict[str, Any]], width: int, every: bool, unicode: bool
) -> None:
    lines = draw(spans, Look(width=width, unicode=unicode, every=every))

    assert all(cells_wide(line) <= max(width, len(lines[0])) for line in lines)
    glyphs = (GLYPHS if unicode else ASCII_GLYPHS).values()
    drawn = {each for row in rows(lines) for each in row.rsplit("  ", 1)[1]}
    assert drawn <= {glyph for glyph in glyphs if glyph in lines[0].split()}


@given(Spans, st.integers(20, 200))
def test_a_cell_shows_the_weakest_state_that_any_part_of_it_has(
    spans: list[dict[str, Any]], cells: int
) -> None:
    last = max(max(each["to_at"] for each in spans), at(1e6))
    axis = Axis(T0, last, cells)

    states = states_of(spans, axis)

    for each in spans:
        middle = each["from_at"] + (each["to_at"] - each["from_at"]) / 2
        for inside in (each["from_at"], middle):
            drawn = states[axis.cell(inside)]
            assert STATES.index(drawn) <= STATES.index(each["state"])


@given(st.floats(0.002, 4e8), st.integers(20, 200))
def test_ticks_stand_at_the_cells_of_the_instants_they_name(seconds: float, cells: int) -> None:
    axis = Axis(T0, at(seconds), cells)

    ticks, labels = axis.ticks()

    assert len(labels) <= cells
    assert ticks.startswith("╵") or cells < 20
    for found in re.finditer(r"(?<!T)\b(\d\d):(\d\d)(?::(\d\d))?(?![\d.:Z])", labels):
        if "-" in labels[max(0, found.start() - 6) : found.start()]:
            continue
        assert ticks[found.start()] == "╵"


def test_ticks_are_round_and_a_new_day_says_its_date() -> None:
    _, labels = Axis(at(43_200), at(43_200 + 2 * 86_400), 80).ticks()

    assert labels.split() == ["2026-11-20T22:00:00Z", "12:00", "11-22", "00:00", "12:00"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0015, "1.5 ms"),
        (1.5, "1.5 s"),
        (59.9996, "60 s"),
        (60, "1 min"),
        (3_661, "1 h 1 min"),
        (86_400, "1 d"),
        (400 * 86_400 + 3_600, "400 d 1 h"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert length_text(timedelta(seconds=seconds)) == text


def test_holes_are_listed_with_what_to_do() -> None:
    hole = span(0, 60, "hole")

    [row] = span_rows([hole], [hole, span(60, 90)], every=False)

    assert row == [
        "kinesis:orders",
        "a",
        "hole: trimmed",
        at(0),
        at(60),
        "1 min",
        "the service had dropped it: capture sooner, or raise the source's retention",
    ]


def test_holes_of_one_cause_in_many_shards_are_one_row_unless_every_one_is_asked_for() -> None:
    holes = [span(n, n + 60, "hole", partition=f"s{n % 9}") for n in range(18)]

    [row] = span_rows(holes, holes, every=False)

    assert row[1:6] == ["9 partitions", "hole: trimmed (18 times)", at(0), at(77), "1 min 17 s"]
    assert len(span_rows(holes, holes, every=True)) == 18


@pytest.mark.parametrize(
    ("encoding", "speaks"), [("utf-8", True), ("ascii", False), ("latin-1", False), ("?", False)]
)
def test_an_output_that_has_not_the_glyphs_is_known(encoding: str, speaks: bool) -> None:
    assert speaks_unicode(encoding) is speaks
