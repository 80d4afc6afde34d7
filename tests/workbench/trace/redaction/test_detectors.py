"""Each kind is found in its values and in nothing that only looks like one, in time that grows with the text."""

import time

import pytest

from tests.workbench.trace.redaction.vectors import NEAR_MISSES, shown, value_of
from workbench.trace.redaction.detectors import BY_KIND, Detected, Detection, shape_of

ALL = Detection(BY_KIND)


def found_in(text: str, detection: Detection = ALL) -> list[Detected]:
    kinds = detection.kinds_in(text, shape_of(text))
    return list(detection.values_in(text, kinds, 0, len(text))) if kinds else []


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_value_of_a_kind_is_found_whole(kind: str) -> None:
    for number in range(40):
        for around in ("{}", "before {} after", '"{}"', "x={}\n", "({})", "a, {}, b"):
            text = around.format(shown(kind, number))

            found = [text[each.start : each.end] for each in found_in(text) if each.kind == kind]

            assert found == [value_of(kind, number)], text


@pytest.mark.parametrize("kind", BY_KIND)
def test_what_only_looks_like_a_kind_is_left(kind: str) -> None:
    assert NEAR_MISSES[kind]
    for text in NEAR_MISSES[kind]:
        found = [each for each in found_in(text, Detection([kind])) if each.kind == kind]

        assert found == [], text


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("email", ("Bob@Example.com", "bob@example.com", "bob%40example.com")),
        ("phone", ("+49 170 1234567", "+491701234567", "+49-170-1234567", "%2B491701234567")),
        ("phone", ("(212) 555-0123", "212-555-0123", "212.555.0123", "+12125550123")),
        ("pan", ("4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111")),
        ("pan", ("3782 822463 10005", "378282246310005")),
        ("iban", ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000")),
    ],
)
def test_all_spellings_of_a_value_are_one(kind: str, spellings: tuple[str, ...]) -> None:
    canonical = {each.canonical for text in spellings for each in found_in(f"of {text}, yes")}

    assert len(canonical) == 1
    assert all([each.kind for each in found_in(text)] == [kind] for text in spellings)


@pytest.mark.parametrize(
    "card",
    ["4222222222222", "5555555555554444", "2223003122003222", "378282246310005", "6011111111111117",
     "3530111333300000", "30569309025904", "6212345678901232", "6759649826438453"],
)  # fmt: skip
def test_cards_of_every_scheme_are_found(card: str) -> None:
    assert [each.kind for each in found_in(f"card {card}.")] == ["pan"]


def test_two_values_side_by_side_are_two() -> None:
    text = "4111111111111111 5555555555554444 a@b.example.com,c@d.example.com"

    assert [each.kind for each in found_in(text)] == ["pan", "pan", "email", "email"]


HOSTILE = {
    "dots": "a." * 10_000,
    "ats": "a@" * 10_000,
    "almost addresses": "a@b." * 5_000,
    "digits": "4" * 20_000,
    "spaced digits": "4111 " * 4_000,
    "plus": "+1 " * 7_000,
    "tokens": "eyJ" * 7_000,
    "dotted tokens": "eyJaaaaaaa." * 1_800,
    "slashes": "://a:" * 4_000,
    "begins": "-----BEGIN PRIVATE KEY" * 900,
    "keys": "-----BEGIN PRIVATE KEY-----" * 750,
    "accounts": "DE89 " * 4_000,
    "run": "A" * 20_000,
    "base64": "Ab1/" * 5_000,
    "colons": "ab:" * 7_000,
    "bearers": "Bearer " * 3_000,
    "one word": "a" * 20_000,
    "ghosts": "ghp_" * 5_000,
    "dashes": "000-00-" * 3_000,
    "brackets": "(212) " * 3_500,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_costs_no_more_than_its_length(name: str) -> None:
    text = HOSTILE[name]
    detection = Detection(BY_KIND)

    short, long = (best_of(3, detection, text[: len(text) // part]) for part in (4, 1))

    assert detection.attempts <= 6 * len(text), "what only looks like a value is looked at once"
    assert long < 40 * short + 0.05, (
        "four times the text is far from sixteen times the work, let alone more"
    )


def best_of(times: int, detection: Detection, text: str) -> float:
    """Seconds of processor time, the least of several."""
    taken = []
    for _ in range(times):
        before = time.process_time()
        found_in(text, detection)
        taken.append(time.process_time() - before)
    return min(taken)
