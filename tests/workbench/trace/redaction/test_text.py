"""Redacting a text: JSON within JSON, base64, gzip, `name=value`; and what cannot be looked into is replaced."""

import base64
import contextlib
import gzip
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workbench.trace.redaction.vectors import levels
from workbench.trace.redaction.actions import Action
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.profile import Profile
from workbench.trace.redaction.rules import Rules
from workbench.trace.redaction.text import (
    KPL_AGGREGATE,
    TextRedactor,
    UninspectedError,
    inflated,
)

KEY = Key(bytes(32))
SECRET = "hunter2-and-more"
MAIL = "bob@example.com"


def redacted(text: str, payload: bool = True, **rules: Any) -> str:
    return TextRedactor(Rules(Profile("x", **rules), KEY)).redacted(text, payload=payload)


def packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


WRAPPINGS: dict[str, Any] = {
    "as it is": lambda text: text,
    "a JSON string": json.dumps,
    "JSON in a JSON string": lambda text: json.dumps({"Message": json.dumps({"x": [text]})}),
    "four levels of it": lambda text: json.dumps({"a": json.dumps({"b": json.dumps([json.dumps({"c": text})])})}),
    "escaped letters": lambda text: '{"x": "' + "".join(f"\\u{ord(each):04x}" for each in text) + '"}',
    "base64": lambda text: json.dumps({"data": packed(f'{{"inner": "{text}", "and": "more"}}'.encode())}),
    "base64 in base64": lambda text: json.dumps({"data": packed(packed(f"this is {text} twice".encode()).encode())}),
    "gzip in base64": lambda text: json.dumps({"data": packed(gzip.compress(f'{{"m": "{text}"}}'.encode()))}),
    "protobuf in base64": lambda text: json.dumps({"data": packed(b"\x0a\xff " + text.encode() + b" \xff")}),
    "a line with JSON": lambda text: f"2026-11-20T10:00:00.000Z\tINFO\t{json.dumps({'x': text})}\n",
    "a broken document": lambda text: json.dumps({"x": text})[:-2],
    "a name of a member": lambda text: json.dumps({text: 1}),
    "a form": lambda text: "a=1&mail=" + text.replace("@", "%40") + "&b=2",
    "a query in JSON": lambda text: json.dumps({"path": f"/x?mail={text}&y=1\n"}),
    "XML": lambda text: f"<order><mail>{text}</mail></order>",
    "a newline before it": lambda text: json.dumps({"x": f"first\n{text}"}),
}  # fmt: skip


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_value_is_found_however_it_is_wrapped(wrapping: str) -> None:
    text = WRAPPINGS[wrapping](MAIL)
    assert any(MAIL in each.replace("%40", "@") for each in levels(text)), (
        "the control must find it"
    )

    seen = levels(redacted(text))

    assert not any(MAIL in each.replace("%40", "@") for each in seen)
    if wrapping != "protobuf in base64":
        assert any(KEY.token("email", MAIL) in each for each in seen)


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"password: '{SECRET}'",
        f'{{"a": 1, "password": "{SECRET}"}}',
        f"{{'password': '{SECRET}'}}",
        f"Authorization: Basic {SECRET}\nnext",
        f"Cookie: a=1; session={SECRET}; b=2",
        f"<password>{SECRET}</password>",
        json.dumps({"m": json.dumps({"password": SECRET})}),
        json.dumps({"m": f"login password={SECRET} ok"}),
        f'"password\\":\\"{SECRET}\\"',
        f"export DB_PASSWORD={SECRET}",
        f"aws_secret_access_key = {SECRET}",
        json.dumps({"password": {"deep": [SECRET]}}),
        json.dumps({"password": SECRET})[:-1],
        f'5" pipe {{"password":"{SECRET}"}}',
    ],
)
def test_a_secret_s_name_gives_it_away(text: str) -> None:
    assert SECRET not in redacted(text)


@pytest.mark.parametrize(
    "secret", ["tok_me_up", "****of-it", "NONE of it", "tok_value_" + "A" * 26]
)
def test_a_secret_that_begins_as_what_stands_for_one_is_a_secret(secret: str) -> None:
    assert secret not in redacted(f'{{"password": "{secret}"}}')
    assert secret not in redacted(f"password='{secret}'")


def test_what_stands_around_a_value_stays() -> None:
    assert (
        redacted(f"a=1&password={SECRET}&b=2") == f"a=1&password={KEY.token('value', SECRET)}&b=2"
    )
    assert (
        redacted("<password>x</password>next")
        == f"<password>{KEY.token('value', 'x')}</password>next"
    )


@pytest.mark.parametrize(
    "text",
    [
        "password=None",
        '{"password": null, "token": true}',
        "token=",
        "the password is fine",
        "password=tok_value_" + "a" * 26,
        '{"secret": ""}',
        '{"id": "4bf92f3577b34da6a3ce929d0e0e4736", "run": "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}',
        "REPORT RequestId: 8f5f Duration: 1.5 ms",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


@given(st.text())
def test_redacting_what_is_redacted_changes_nothing(text: str) -> None:
    once = redacted(f'{{"mail": "{MAIL}", "password": {json.dumps(text)}}}')

    assert redacted(once) == once


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.sampled_from(sorted(WRAPPINGS))
)
def test_any_text_around_a_value_hides_nothing(text: str, wrapping: str) -> None:
    shown = redacted(json.dumps({"note": text, "x": WRAPPINGS[wrapping](MAIL)}))

    assert not any(MAIL in each.replace("%40", "@") for each in levels(shown))


def test_a_matched_value_is_replaced_where_else_it_stands() -> None:
    texts = TextRedactor(Rules(Profile("x", paths={"$.customer": Action.TOKEN}), KEY))
    texts.redacted('{"customer": "C-12345", "n": 1}')
    token = KEY.token("value", "C-12345")

    assert texts.echoes("C-12345") == token
    assert (
        texts.echoes("of C-12345, not of C-123456 or XC-12345")
        == f"of {token}, not of C-123456 or XC-12345"
    )


def test_a_short_matched_value_is_replaced_where_it_is_all() -> None:
    texts = TextRedactor(Rules(Profile("x", paths={"$.pin": Action.MASK, "$.n": Action.MASK}), KEY))
    texts.redacted('{"pin": "1234", "n": 7}')

    assert texts.echoes('{"a":"1234","b":"12345","c":"7"}') == '{"a":"****","b":"12345","c":"7"}'


def test_many_matched_values_cost_no_more_than_the_text_is_long() -> None:
    def seconds_for(count: int) -> float:
        texts = TextRedactor(Rules(Profile("x"), KEY))
        before = time.process_time()
        body = texts.redacted(json.dumps([{"password": f"word{n:06d}"} for n in range(count)]))
        texts.echoes(body)
        return time.process_time() - before

    assert seconds_for(4_000) < 40 * seconds_for(1_000) + 0.1


def test_a_matched_phrase_is_replaced_too() -> None:
    texts = TextRedactor(Rules(Profile("x", paths={"$.name": Action.MASK}), KEY))
    texts.redacted('{"name": "Jane Q. Roe"}')

    assert texts.echoes("for Jane Q. Roe, not Jane Q. Roehmer") == "for ****, not Jane Q. Roehmer"


def test_nothing_is_unpacked_without_end() -> None:
    deep = MAIL
    for _ in range(12):
        deep = json.dumps({"x": deep})

    assert MAIL not in json.dumps(levels(redacted(deep)))
    thrice = packed(packed(packed(f"mail {MAIL} of them".encode()).encode()).encode())
    with pytest.raises(UninspectedError):
        redacted(thrice)
    assert redacted(json.dumps({"x": thrice})) == json.dumps(
        {"x": KEY.token("uninspected", thrice)}
    )


def test_an_aggregate_is_replaced_whole() -> None:
    text = packed(KPL_AGGREGATE + b"\x0a\x05hello" * 5)

    assert redacted(json.dumps({"data": text})) == json.dumps(
        {"data": KEY.token("uninspected", text)}
    )


def test_a_bomb_is_refused_and_memory_stays() -> None:
    bomb = gzip.compress(bytes(50_000_000))

    with pytest.raises(UninspectedError):
        inflated(bomb)


@pytest.mark.parametrize("damage", [slice(0, -4), slice(0, 12), slice(0, 2)])
def test_a_damaged_gzip_payload_is_not_looked_into(damage: slice) -> None:
    with pytest.raises(UninspectedError):
        inflated(gzip.compress(MAIL.encode())[damage])


def test_all_members_of_a_gzip_payload_are_read() -> None:
    assert (
        inflated(gzip.compress(b"one ") + gzip.compress(MAIL.encode())) == b"one " + MAIL.encode()
    )


@pytest.mark.parametrize(
    "piece",
    [
        '{"a":',
        "[",
        '"',
        "\\",
        '{"password":',
        "password=",
        '"\\u0061',
        "a@",
        "{[",
        "'",
        '\\"',
        "=",
        "<password>",
    ],
)
def test_a_hostile_document_costs_no_more_than_its_length(piece: str) -> None:
    text = "{" + piece * (20_000 // len(piece))

    short, long = (seconds(text[: len(text) // part]) for part in (4, 1))

    assert long < 40 * short + 0.1


def seconds(text: str) -> float:
    """Of processor time, the least of three."""
    taken = []
    for _ in range(3):
        before = time.process_time()
        with contextlib.suppress(ValueError):
            redacted(text)
        taken.append(time.process_time() - before)
    return min(taken)
