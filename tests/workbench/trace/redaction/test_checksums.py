"""Checksums tell what is real from what only has the form."""

import base64

import pytest

from workbench.trace.redaction.checksums import (
    IBAN_LENGTHS,
    iban_length,
    is_basic_credential,
    is_card_number,
    is_jwt,
    is_public_address,
    looks_random,
)


def test_a_card_number_with_any_one_digit_changed_is_none() -> None:
    card = "4111111111111111"

    for at in range(1, len(card)):
        for digit in set("0123456789") - {card[at]}:
            assert not is_card_number(card[:at] + digit + card[at + 1 :])


@pytest.mark.parametrize(
    "account",
    ["GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606", "NO9386011117947",
     "MT84MALT011000012345MTLCAST001S"],
)  # fmt: skip
def test_account_numbers_of_several_countries_are_known(account: str) -> None:
    assert iban_length(account) == len(account)
    assert iban_length(f"{account} and more") == len(account)
    assert iban_length(account[:-1] + ("0" if account[-1] != "0" else "1")) is None


def test_no_country_has_an_account_of_impossible_length() -> None:
    assert all(15 <= length <= 34 for length in IBAN_LENGTHS.values())


@pytest.mark.parametrize(
    "text", ["bm90IGpzb24.x.y", "W10.x.y", "eyJhIjoxfQ.x.y", "\u00ff.x.y", "[" * 5_000]
)
def test_a_header_that_is_no_object_with_an_algorithm_is_no_token(text: str) -> None:
    assert not is_jwt(text)


def test_basic_credentials_have_a_colon_in_text() -> None:
    assert is_basic_credential(base64.b64encode(b"user:pass").decode())
    assert not is_basic_credential(base64.b64encode(b"no colon").decode())
    assert not is_basic_credential(base64.b64encode(b"\xff:\xfe").decode())


def test_addresses_inside_a_network_are_not_public() -> None:
    assert is_public_address("8.8.8.8")
    assert not any(
        map(is_public_address, ("10.1.2.3", "127.0.0.1", "::1", "no address", "1.2.3.400"))
    )


def test_an_even_mix_is_random_and_a_path_is_not() -> None:
    assert not looks_random("/aws/lambda/Orders1/And/More/Of/It/All/x")
