"""Values of every kind, and texts that only look like one; put together so that no scanner takes them for real."""

import base64
import gzip
import json
import random
import string
from typing import Any

WORDS = string.ascii_letters + string.digits


def letters(number: int, count: int, alphabet: str = WORDS) -> str:
    """So many letters that look random and are the same for the same number."""
    chance = random.Random(f"{number} {count} {alphabet}")
    return "".join(chance.choice(alphabet) for _ in range(count))


def luhn(digits: str) -> str:
    """The digits with their check digit."""
    doubled = [int(d) * (2 if at % 2 == 0 else 1) for at, d in enumerate(reversed(digits))]
    total = sum(n - 9 if n > 9 else n for n in doubled)
    return digits + str(-total % 10)


def iban(number: int) -> str:
    """A German account number."""
    account = f"{number:018d}"
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02d}{account}"


def jwt(number: int) -> str:
    """A token with a header, claims and a signature."""
    parts = (json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps({"sub": str(number)}))
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, letters(number, 43)])


def private_key(number: int) -> str:
    """A key in PEM, over several lines."""
    lines = "\n".join(letters(number + line, 64) for line in range(3))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"


def secret_access_key(number: int) -> str:
    """Forty characters as of base64."""
    return "wJ7" + letters(number, 36, WORDS) + "Z"


def value_of(kind: str, number: int) -> str:
    """The value with that number of a kind; another for each number."""
    made = {
        "private_key": private_key,
        "jwt": jwt,
        "url_credentials": lambda n: f"service{n}:{letters(n, 12)}",
        "aws_access_key": lambda n: "AKIA" + letters(n, 16, string.ascii_uppercase + "234567"),
        "aws_session_token": lambda n: "IQoJ" + "b3JpZ2lu" + letters(n, 120),
        "aws_signature": lambda n: letters(n, 64, "0123456789abcdef"),
        "github_token": lambda n: "ghp_" + letters(n, 36),
        "gitlab_token": lambda n: "glpat" + "-" + letters(n, 20),
        "slack_token": lambda n: "xoxb" + f"-{n:012d}-" + letters(n, 24),
        "slack_webhook": lambda n: (
            "T" + letters(n, 8) + "/B" + letters(n, 8) + "/" + letters(n, 24)
        ),
        "stripe_key": lambda n: "sk_" + "live_" + letters(n, 24),
        "google_api_key": lambda n: "AIza" + letters(n, 35),
        "google_oauth": lambda n: "ya29." + letters(n, 60),
        "sendgrid_key": lambda n: "SG." + letters(n, 22) + "." + letters(n, 43),
        "api_key": lambda n: "sk-" + "ant-" + "7" + letters(n, 40),
        "bearer_token": lambda n: "7" + letters(n, 30),
        "basic_auth": lambda n: base64.b64encode(f"user{n}:{letters(n, 9)}".encode()).decode(),
        "email": lambda n: f"customer.{n}@example{n % 7}.com",
        "iban": iban,
        "pan": lambda n: luhn(f"4{n:014d}"),
        "ssn": lambda n: f"{100 + n % 500}-{10 + n % 80}-{1000 + n}",
        "phone": lambda n: f"+4917{n:08d}",
        "ip": lambda n: f"8.{n % 200}.{n // 200}.77",
        "ipv6": lambda n: f"2600:1f18:1a2b:3c00::{n + 1:x}",
        "aws_secret_key": secret_access_key,
    }[kind]
    return made(number)


BEFORE = {
    "url_credentials": ("postgres://", "@db.example.com/orders"),
    "aws_signature": ("https://x.example.com/?X-Amz-Signature=", ""),
    "slack_webhook": ("https://hooks.slack.com/services/", ""),
    "bearer_token": ("Bearer ", ""),
    "basic_auth": ("Basic ", ""),
}
"""What must stand around a value for it to be one."""


def shown(kind: str, number: int) -> str:
    """The value in what must stand around it."""
    before, after = BEFORE.get(kind, ("", ""))
    return f"{before}{value_of(kind, number)}{after}"


NEAR_MISSES: dict[str, tuple[str, ...]] = {
    "private_key": (
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "BEGIN PRIVATE KEY",
    ),
    "jwt": ("eyJub3QiOiJqc29u.abc.def", "eyJhIjoxfQ.abcdefgh.ijk", "eyJ.eyJ.x"),
    "url_credentials": ("https://example.com:8080/a@b", "s3://bucket/key", "http://user@host/"),
    "aws_access_key": ("AKIA123", "AIDAIOSFODNN7EXAMPLE", "XAKIAIOSFODNN7EXAMPLEX"),
    "aws_session_token": ("IQoJ" + "b3JpZ2lu-short",),
    "aws_signature": ("X-Amz-Signature=abc", "Signature=" + "a" * 63),
    "github_token": ("ghp_short", "xghp_" + "a" * 36, "high_ghs"),
    "gitlab_token": ("glpat-short",),
    "slack_token": ("xoxb-short", "xox-123456789012"),
    "slack_webhook": (
        "https://hooks.slack.com/services/",
        "https://slack.com/T0000000/B0000000/xxxxxxxxxxxxxxxx",
    ),
    "stripe_key": ("sk_live_short", "pk_live_" + "a" * 24, "task_live_" + "a" * 24),
    "google_api_key": ("AIza" + "a" * 20, "AIza" + "a" * 36),
    "google_oauth": ("ya29.short",),
    "sendgrid_key": ("SG.abc.def",),
    "api_key": (
        "task-force-of-all-the-people-there-are",
        "sk-short",
        "risk-1234567890123456789012345",
    ),
    "bearer_token": ("the bearer of very-bad-news-today-friends", "Bearer x"),
    "basic_auth": ("Basic functionality", "basic AAAAAAAA"),
    "email": ("icon@2x.png", "react@18.2.0", "user@localhost", "@decorated", "a @ b.com"),
    "iban": (
        "DE88370400440532013000",
        "XX89370400440532013000",
        "AB12 only",
        "GB82WEST1234569876543",
    ),
    "pan": (
        "4111111111111112",
        "1795168800000000",
        "9111111111111111",
        "trace 1-67891233-4111111111111111aaaa",
        "0.4111111111111111",
        "34567890123456789012345678901234567890",
    ),
    "ssn": (
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "2026-11-20",
        "1123-45-6789",
    ),
    "phone": (
        "2026-11-20T10:00:00+00:00",
        "+1",
        "12345678901",
        "1e+123456789",
        "00000000-0000-4000-8000-000000000001",
    ),
    "ip": (
        "10.0.0.1",
        "192.168.1.7",
        "127.0.0.1",
        "1.2.3",
        "Chrome/120.0.0.0",
        "999.1.1.1",
        "v1.2.3.4.5",
    ),
    "ipv6": ("::1", "fe80::1", "10:00:00", "2001:db8::1", "a:b:c", "00:1a:2b:3c:4d:5e"),
    "aws_secret_key": (
        "a" * 40,
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "/aws/lambda/Orders1/And/More/Of/It/All/x",
    ),
}
"""Texts that no detector may take for a value of the kind."""


def levels(text: str) -> list[str]:
    """The text and everything that is packed in it, for looking into by other means."""
    found = [text]
    try:
        document = json.loads(text)
        strings: list[Any] = [document]
        while strings:
            match strings.pop():
                case dict() as inner:
                    strings += [*inner.keys(), *inner.values()]
                case list() as inner:
                    strings += inner
                case str() as inner:
                    found += levels(inner) if inner != text else [inner]
    except ValueError:
        pass
    try:
        content = base64.b64decode(text, validate=True)
        content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        found += levels(content.decode("latin-1")) if content else []
    except (ValueError, OSError):
        pass
    return found
