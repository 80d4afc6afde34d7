"""Arithmetic that tells a real card, account or token from a number that looks like one."""

import base64
import ipaddress
import json
import math
from collections import Counter

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an account number, by country. Source: ISO 13616 registry."""
CARDS = (
    (("4",), (13, 16, 19)),
    (tuple(str(n) for n in (*range(51, 56), *range(2221, 2721))), (16,)),
    (("34", "37"), (15,)),
    (("6011", "65", *(str(n) for n in range(644, 650))), (16, 17, 18, 19)),
    (tuple(str(n) for n in range(3528, 3590)), (16, 17, 18, 19)),
    (("36", "38", *(str(n) for n in range(300, 306))), (14, 16)),
    (("62",), (16, 17, 18, 19)),
    (("50", "56", "57", "58", "63", "67"), (16, 18, 19)),
)
"""First digits of the card schemes and how many digits their numbers have. Source: ISO/IEC 7812 ranges as published."""


def is_card_number(digits: str) -> bool:
    """Whether the digits are a card's number: a scheme's first digits and length, and Luhn's checksum.

    Example:
        >>> is_card_number("4111111111111111"), is_card_number("4111111111111112")
        (True, False)
    """
    return any(
        len(digits) in lengths and digits.startswith(prefixes) for prefixes, lengths in CARDS
    ) and _luhn(digits)


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def iban_length(text: str) -> int | None:
    """How many characters of the text are an IBAN, blanks included; None where it does not begin with one.

    Example:
        >>> iban_length("DE89 3704 0044 0532 0130 00 PAID"), iban_length("DE88370400440532013000")
        (27, None)
    """
    wanted, account = IBAN_LENGTHS.get(text[:2], 0), ""
    for at, character in enumerate(text):
        if character != " ":
            account += character
        if len(account) == wanted:
            number = "".join(str(int(each, 36)) for each in account[4:] + account[:4])
            ended = not text[at + 1 : at + 2].isalnum()
            return at + 1 if ended and int(number) % 97 == 1 else None
    return None


def is_jwt(text: str) -> bool:
    """Whether the part before the first dot is a JSON Web Token's header: base64url of an object with `alg`."""
    header = text.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "alg" in found


def is_basic_credential(text: str) -> bool:
    """Whether the text is base64 of `user:password`."""
    try:
        return ":" in base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
    except ValueError:
        return False


def is_public_address(text: str) -> bool:
    """Whether it is an IP address of the open network; those inside say much about a fault and little of a person."""
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def looks_random(text: str) -> bool:
    """Whether letters of both cases and digits are mixed as chance mixes them, as in a secret access key.

    Example:
        >>> looks_random("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), looks_random("a" * 40)
        (True, False)
    """
    counts = Counter(text)
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    mixed = (str.isupper, str.islower, str.isdigit)
    return bits > 4.2 and counts["/"] <= 3 and all(any(map(kind, counts)) for kind in mixed)
