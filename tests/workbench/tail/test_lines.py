"""Lines fit the terminal, cannot write on it, and are whole where a program reads them."""

import json
import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.record import Cause, Span
from tests.factories import QUEUE, STREAM, T0, instant, kinesis_record, log_event, sqs_message
from workbench.tail.lines import (
    COLOURS,
    LEAST_TEXT,
    Style,
    cells_wide,
    colours_of,
    json_line,
    line_of,
    shortened,
)
from workbench.tail.watching import Notice

TODAY = date(2026, 11, 20)
ARNS = [f"arn:aws:sqs:us-east-1:1:queue-{n}" for n in range(40)]


def plain(line: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", line)


def test_a_line_on_a_terminal_has_columns_one_below_the_other() -> None:
    style = Style(TODAY, width=100, name_width=14)
    lines = [
        line_of(sqs_message(1, "a", group="g"), style),
        line_of(sqs_message(22, "a", receive_count=123), style),
    ]

    assert lines[0] == '10:00:00.000  sqs:orders      00000000…  x1    g             "a"'
    assert lines[1].index('"a"') == lines[0].index('"a"')


def test_a_line_elsewhere_is_whole() -> None:
    record = kinesis_record(1, {"long": "x" * 500}, key="customer-number-1234567890")

    line = line_of(record, Style(TODAY))

    assert line == "  ".join(
        [
            "2026-11-20T10:00:00.000000Z",
            "kinesis:orders",
            "shardId-000000000000",
            "customer-number-1234567890",
            record.body.decode(),
        ]
    )


def test_an_instant_of_another_day_says_which() -> None:
    record = log_event(1, "x")

    assert line_of(record, Style(TODAY, width=80)).startswith("10:00:00.000 ")
    assert line_of(record, Style(date(2026, 11, 21), width=80)).startswith("11-20 10:00:00.000 ")


def test_colour_is_for_names_and_only_where_it_is_wanted() -> None:
    record = sqs_message(1)

    coloured = line_of(record, Style(TODAY, width=100, colours=colours_of([QUEUE])))

    assert "\x1b[38;5;" in coloured
    assert plain(coloured) == line_of(record, Style(TODAY, width=100))


def test_a_source_keeps_its_colour_whatever_it_is_shown_beside() -> None:
    alone = colours_of([QUEUE])[QUEUE]

    assert colours_of([QUEUE, STREAM])[QUEUE] == alone
    assert colours_of([STREAM, QUEUE])[QUEUE] == alone


def test_neighbours_have_different_colours_while_there_are_any() -> None:
    assert len(set(colours_of(ARNS[: len(COLOURS)]).values())) == len(COLOURS)
    assert len(colours_of(ARNS)) == len(ARNS)


def test_a_hole_is_a_line_that_begins_with_a_mark_and_says_from_when_to_when() -> None:
    hole = Span(T0, instant(60), Cause.THROTTLED_SKIP)
    notice = Notice(STREAM, "shardId-1", "hole (throttled_skip): not read", hole)

    line = line_of(notice, Style(TODAY, width=80, name_width=30))

    assert line == (
        "! kinesis:orders shardId-1 10:00:00.000 to 10:01:00.000 hole (throttled_skip): not read"
    )
    assert plain(line_of(notice, Style(TODAY, 80, colours_of([STREAM]), 30))) == line


TEXTS = st.text(max_size=80) | st.text("ab日本\u0301\n\x1b\u202e", max_size=80)


@given(TEXTS, st.integers(LEAST_TEXT, 200), TEXTS)
def test_a_line_can_be_seen_whole_and_is_never_wider_than_the_terminal(
    text: str, width: int, key: str
) -> None:
    body = text.encode("utf-8", "replace")
    record = replace(kinesis_record(1, body), ordering_key=key)
    style = Style(TODAY, width=width, colours=colours_of([STREAM]), name_width=14)

    line = plain(line_of(record, style))

    assert line.isprintable()
    needed = cells_wide("10:00:00.000  kinesis:orders  …0000  ") + 18 + LEAST_TEXT
    assert cells_wide(line) <= max(width, needed)


@given(st.text(max_size=40), st.integers(1, 40), st.booleans())
def test_what_is_shortened_fits_and_is_the_text_itself_where_that_fits(
    text: str, width: int, keep_end: bool
) -> None:
    short = shortened(text, width, keep_end=keep_end)

    assert cells_wide(short) <= width
    if cells_wide(text) <= width:
        assert short == text
    elif keep_end:
        assert text.endswith(short.removeprefix("…"))
    else:
        assert text.startswith(short.removesuffix("…"))


@given(st.text("a\n\x00\x7f\x9b\u202e\ud7ff\U000e0001日", max_size=30))
def test_a_json_line_can_be_seen_and_says_the_very_same(text: str) -> None:
    record = replace(kinesis_record(1, text.encode()), ordering_key=text, partition_id=text)

    line = json_line(record)
    said = json.loads(line)

    assert line.isprintable()
    assert (said["body"], said["ordering_key"], said["partition_id"]) == (text, text, text)


def test_a_json_line_has_the_columns_of_records_and_what_is_in_them() -> None:
    said = json.loads(json_line(sqs_message(1, {"a": 1}, receive_count=2)))

    assert said["kind"] == "record"
    assert said["receive_count"] == 2
    assert said["source_at"] == "2026-11-20T10:00:00.000000Z"
    assert said["attributes"]["system"]["ApproximateReceiveCount"] == "2"
    assert said["envelope"]["MessageId"] == said["record_id"]


def test_a_payload_that_is_no_text_is_given_in_base64_and_said_to_be() -> None:
    said = json.loads(json_line(sqs_message(1, b"\xff\x00")))

    assert (said["body"], said["body_is_base64"], said["body_bytes"]) == ("/wA=", True, 2)
    assert json.loads(json_line(sqs_message(1, b"/wA=")))["body_is_base64"] is False


@pytest.mark.parametrize("hole", [None, Span(T0, instant(1), Cause.LATE)])
def test_a_notice_is_a_json_line_of_its_own_kind(hole: Span | None) -> None:
    said = json.loads(json_line(Notice(QUEUE, "", "what happened", hole)))

    assert said["kind"] == ("hole" if hole else "notice")
    assert said.get("cause") == (hole and "late")
    assert said.get("to_at") == (hole and "2026-11-20T10:00:01.000000Z")
