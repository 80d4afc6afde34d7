"""Which names are secret, however they are spelt, and where they stand in a text."""

import pytest

from workbench.trace.redaction.actions import Action
from workbench.trace.redaction.names import NAMED, Names, plain

KNOWN = Names(True, {})


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Password",
        "user_password",
        "newPassword2",
        "DB-PASSWD",
        "secret",
        "clientSecret",
        "SecretAccessKey",
        "aws_secret_access_key",
        "apiKey",
        "x-api-key",
        "API_KEY",
        "authorization",
        "Proxy-Authorization",
        "Cookie",
        "Set-Cookie",
        "token",
        "accessToken",
        "refresh_token",
        "id-token",
        "ssn",
        "IBAN",
        "cvv",
        "pin",
        "credit_card",
        "cardNumber",
        "sessionId",
        "dateOfBirth",
        "private_key",
        "X-Amz-Security-Token",
    ],
)
def test_a_secret_name_is_known(name: str) -> None:
    assert KNOWN.action(name) is Action.TOKEN


@pytest.mark.parametrize(
    "name",
    [
        "order",
        "shipping",
        "passed",
        "author",
        "company",
        "tokens_used",
        "max_tokens",
        "nextToken",
        "ClientRequestToken",
        "secretArn",
        "SecretName",
        "passwordPolicy",
        "cookieCount",
        "span",
        "opinion",
        "pinned",
        "tokenType",
        "keys",
        "MessageId",
    ],
)
def test_a_name_that_only_sounds_so_is_left(name: str) -> None:
    assert KNOWN.action(name) is None


def test_a_profile_s_own_names_come_first() -> None:
    names = Names(True, {"password_hint": Action.KEEP, "nick name": Action.MASK})

    assert names.action("passwordHint") is Action.KEEP
    assert names.action("nickName") is Action.MASK
    assert names.action("password") is Action.TOKEN
    assert Names(False, {"x": Action.DROP}).action("password") is None


@pytest.mark.parametrize(
    "text",
    [
        "password=x",
        "password: x",
        '"password": "x"',
        "'password': 'x'",
        '\\"password\\":\\"x\\"',
        "<password>x",
        "a&password=x",
        "password => x",
        "--password=x",
        "DB_PASSWORD=x",
    ],
)
def test_a_name_is_found_before_its_value(text: str) -> None:
    [(start, end, action)] = list(KNOWN.found_in(text))

    assert plain(text[start:end]).endswith("password")
    assert action is Action.TOKEN


def test_a_name_without_a_value_is_none() -> None:
    assert list(KNOWN.found_in("your password has been changed, token expired")) == []


def test_what_is_remembered_of_names_has_a_bound() -> None:
    names = Names(True, {})
    for number in range(25_000):
        names.action(f"name{number}")

    assert len(names._known) <= 10_001
    assert names.action("password") is Action.TOKEN


def test_names_are_found_in_time_that_grows_with_the_text() -> None:
    for text in ("a" * 20_000, "a-" * 10_000, "password" * 2_500, "a:" * 10_000, '"' * 20_000):
        assert len(NAMED.findall(text)) <= 10_000
