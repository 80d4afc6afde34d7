"""Detectors: what a secret or a person's data looks like wherever it stands, each with its checksum where it has one.

No pattern may take more than linear time on any text: runs are possessive or bounded, and what a run begins with is
looked at from its left. A detector whose literals are not in a text is not asked at all.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from workbench.trace.redaction.checksums import (
    iban_length,
    is_basic_credential,
    is_card_number,
    is_jwt,
    is_public_address,
    looks_random,
)

Check = Callable[[str], int]
"""How many characters of what the pattern matched are the value; 0: it only looked like one."""


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of value."""

    kind: str
    """Stands in the token: lower case and underscores."""
    literals: tuple[str, ...]
    """One of them is in every text that has such a value; for kinds in `SHAPED`, in the text's shape."""
    pattern: str
    check: Check = len
    canonical: Callable[[str], str] = str
    """The one spelling that all spellings of a value share."""


SHAPE = bytes.maketrans(
    b"123456789BCDEFGHIJKLMNOPQRSTUVWXYZbcdefghijklmnopqrstuvwxyz",
    b"0" * 9 + b"A" * 25 + b"a" * 25,
)
"""Digits as 0, capitals as A, other letters as a."""
SHAPED = ("iban", "pan", "ssn", "phone", "ip", "aws_access_key")
RUN = bytes(
    ord("~") if chr(n).isascii() and (chr(n).isalnum() or chr(n) in "+/_-") else n
    for n in range(256)
)
"""Everything that may stand in base64 as ~."""
GITHUB = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")
HINTS: dict[str, Callable[[str], object]] = {
    "github_token": lambda text: "gh" in text and any(map(text.__contains__, GITHUB)),
    "aws_secret_key": lambda text: "~" * 40 in runs(text),
    "ipv6": re.compile(r":(?:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4})?:[0-9A-Fa-f]").search,
}
"""Said of kinds without literals: whether a text may have such a value."""


def shape_of(text: str) -> str:
    """The text's shape, character for character.

    Example:
        >>> shape_of("DE89 3704, paid")
        'AA00 0000, aaaa'
    """
    return text.encode("ascii", "replace").translate(SHAPE).decode("ascii")


def runs(text: str) -> str:
    """The text with everything that may stand in base64 as `~`, so that a long run is found at once."""
    return text.encode("ascii", "replace").translate(RUN).decode("ascii")


@dataclass(frozen=True, slots=True)
class Detected:
    """A value found in a text."""

    start: int
    end: int
    kind: str
    canonical: str


def _when(holds: Callable[[str], bool]) -> Check:
    return lambda text: len(text) if holds(text) else 0


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _phone_digits(text: str) -> str:
    """Digits with the country's in front; a number written without one is of North America."""
    digits = _digits(text.replace("%2B", "+"))
    return digits if text.startswith(("+", "%2B")) or len(digits) != 10 else f"1{digits}"


def _mail_address(text: str) -> str:
    return re.sub("%40", "@", text).lower()


def _blankless(text: str) -> str:
    return text.replace(" ", "")


NO_DOMAINS = ("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "py", "html")
"""What stands behind the dot in a file's name such as `icon@2x.png`."""

DETECTORS: tuple[Detector, ...] = (
    Detector(
        "private_key",
        ("-----BEGIN",),
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\w+/=:,.\s\\-])*+"
        r"(?:-----END [A-Z0-9 ]{0,40}-----)?",
    ),
    Detector("jwt", ("eyJ",), r"(?<![\w-])eyJ[\w-]{6,}+\.[\w-]++(?:\.[\w-]*+)?", _when(is_jwt)),
    Detector(
        "url_credentials",
        ("://",),
        r"""(?<=://)[^\s/?\#:@"'<>\\]{0,128}:[^\s/"'<>\\]{1,256}(?=@)""",
    ),
    Detector(
        "aws_access_key",
        ("AAAAA", "AAAA0"),
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    Detector(
        "aws_session_token",
        ("oJb3JpZ2lu", "oGZXIvYXdz"),
        r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9/+=%]{40,}+",
    ),
    Detector(
        "aws_signature",
        ("ignature=",),
        r"(?<=Signature=)[0-9a-f]{64}(?![0-9a-f])|(?<=signature=)[0-9a-f]{64}(?![0-9a-f])",
    ),
    Detector(
        "github_token",
        (),
        r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,255}+|github_pat_\w{22,255}+)",
    ),
    Detector("gitlab_token", ("glpat-",), r"(?<![A-Za-z0-9])glpat-[\w-]{20,64}+"),
    Detector("slack_token", ("xox",), r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,255}+"),
    Detector(
        "slack_webhook",
        ("hooks.slack.com",),
        r"(?<=hooks\.slack\.com/services/)T\w{6,}+/B\w{6,}+/\w{16,}+",
    ),
    Detector(
        "stripe_key",
        ("k_live_", "k_test_", "whsec_"),
        r"(?<![A-Za-z0-9])(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}+|whsec_[A-Za-z0-9+/=]{24,255}+)",
    ),
    Detector("google_api_key", ("AIza",), r"(?<![A-Za-z0-9])AIza[\w-]{35}(?![\w-])"),
    Detector(
        "google_oauth",
        ("ya29.", "GOCSPX-"),
        r"(?<![A-Za-z0-9])(?:ya29\.[\w-]{20,}+|GOCSPX-[\w-]{28}(?![\w-]))",
    ),
    Detector("sendgrid_key", ("SG.",), r"(?<![A-Za-z0-9])SG\.[\w-]{22}\.[\w-]{43}(?![\w-])"),
    Detector("api_key", ("sk-",), r"(?<![A-Za-z0-9])sk-(?:ant-|proj-)?(?=[\w-]*\d)[\w-]{24,255}+"),
    Detector(
        "bearer_token",
        ("earer ", "earer%20"),
        r"(?<=[Ee]arer )(?=[\w.~+/-]{0,40}\d)[\w.~+/-]{16,}+=*+|(?<=[Ee]arer%20)(?=[\w.~+/-]{0,40}\d)[\w.~+/-]{16,}+",
    ),
    Detector(
        "basic_auth",
        ("asic ",),
        r"(?<=[Bb]asic )[A-Za-z0-9+/]{8,}+={0,2}",
        _when(is_basic_credential),
    ),
    Detector(
        "email",
        ("@", "%40"),
        r"(?<![\w.+'-])[\w.+'-]++(?:@|%40)(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,24}(?![\w-])",
        _when(lambda text: text.rpartition(".")[2].lower() not in NO_DOMAINS),
        _mail_address,
    ),
    Detector(
        "iban",
        ("AA00",),
        r"(?<![A-Za-z0-9])[A-Z]{2}\d{2} ?[A-Z0-9]{4}(?: ?[A-Z0-9]{4}){1,6}+(?: ?[A-Z0-9]{1,3})?",
        lambda text: iban_length(text) or 0,
        _blankless,
    ),
    Detector(
        "pan",
        ("0" * 13, "0000-0000-0000-0", "0000 0000 0000 0", "0000 000000 0000", "0000-000000-0000"),
        r"(?<![A-Za-z0-9_])(?<!\d[.,])(?:[2-6]\d{12,18}|[2-6]\d{3}(?P<blank>[ -])\d{4}(?P=blank)\d{4}(?P=blank)\d{4}"
        r"(?:(?P=blank)\d{1,3})?|3[47]\d\d[ -]\d{6}[ -]\d{5}|3[068]\d\d[ -]\d{6}[ -]\d{4})(?![A-Za-z0-9_])(?!\.\d)",
        _when(lambda text: is_card_number(_digits(text))),
        _digits,
    ),
    Detector(
        "ssn", ("000-00-0000",), r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])"
    ),
    Detector(
        "phone",
        ("+0", "%0A0", "000-0000", "000.0000"),
        r"(?<![\w+.])(?:\+|%2B)[1-9]\d{0,2}(?:[ .-]?(?:\(\d{1,4}\)|\d{1,4})){2,6}+(?!\w)"
        r"|(?<![\w+(.-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])\d{3}[.-]\d{4}(?![\w.-])",
        _when(lambda text: 9 <= len(_phone_digits(text)) <= 15),
        _phone_digits,
    ),
    Detector(
        "ip",
        ("0.0.0", "0.00.0", "0.000.0"),
        r"(?<![\w.:/-])\d{1,3}(?:\.\d{1,3}){3}(?![\w.-])",
        _when(is_public_address),
    ),
    Detector(
        "ipv6",
        (),
        r"(?<![\w.:])(?:[0-9A-Fa-f]{1,4}:{1,2}){2,7}[0-9A-Fa-f]{1,4}(?![\w.:])",
        _when(is_public_address),
        str.lower,
    ),
    Detector(
        "aws_secret_key",
        (),
        r"(?<![A-Za-z0-9/+_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])",
        _when(looks_random),
    ),
)
"""In order of precedence where two match at the same place."""

BY_KIND = {detector.kind: detector for detector in DETECTORS}
"""The detectors by kind."""


class Detection:
    """Finds the values of some detectors in one pass over a text.

    Args:
        kinds: which detectors are asked.

    Example:
        >>> detection, text = Detection(BY_KIND), "mail bob@example.com"
        >>> [each.kind for each in detection.values_in(text, ("email",), 0, len(text))]
        ['email']
    """

    def __init__(self, kinds: Iterable[str]) -> None:
        asked = [each for each in DETECTORS if each.kind in set(kinds)]
        self._in_text = [
            (literal, each.kind)
            for each in asked
            if each.kind not in SHAPED
            for literal in each.literals
        ]
        self._in_shape = [
            (literal, each.kind)
            for each in asked
            if each.kind in SHAPED
            for literal in each.literals
        ]
        self._hinted = [(each.kind, HINTS[each.kind]) for each in asked if not each.literals]
        self.attempts = 0
        """Matches looked at so far: what time goes into."""

    def kinds_in(self, text: str, shape: str) -> tuple[str, ...]:
        """The kinds that the text may have, told by their literals; most texts have none."""
        found = {kind for literal, kind in self._in_text if literal in text}
        found |= {kind for literal, kind in self._in_shape if literal in shape}
        found |= {kind for kind, may_have in self._hinted if may_have(text)}
        return tuple(kind for kind in BY_KIND if kind in found) if found else ()

    def values_in(
        self, text: str, kinds: tuple[str, ...], start: int, end: int
    ) -> Iterator[Detected]:
        """The values of some kinds between two places of the text, in order, none overlapping another."""
        pattern = _together(kinds)
        at = start
        while (found := pattern.search(text, at, end)) is not None:
            self.attempts += 1
            kind = str(found.lastgroup)
            length = BY_KIND[kind].check(found[0])
            if length:
                at = found.start() + length
                canonical = BY_KIND[kind].canonical(found[0][:length])
                yield Detected(found.start(), at, kind, canonical)
            else:
                at = _after(found)


def _after(refused: re.Match[str]) -> int:
    """Where to go on after something that only looked like a value: behind its first word."""
    at = refused.start() + 1
    while at < refused.end() and refused.string[at].isalnum():
        at += 1
    return at


@lru_cache(maxsize=1_024)
def _together(kinds: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern of several detectors; the name of the group that matched is the kind."""
    return re.compile("|".join(f"(?P<{kind}>{BY_KIND[kind].pattern})" for kind in kinds))
