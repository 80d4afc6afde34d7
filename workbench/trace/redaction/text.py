"""Redacting one text: its JSON, its `name=value` pairs, and whatever looks like a secret by itself."""

import base64
import gzip
import re
import zlib

from workbench.trace.payload import DEEPEST
from workbench.trace.redaction.actions import REPLACED, Action, as_text
from workbench.trace.redaction.checksums import is_card_number
from workbench.trace.redaction.detectors import shape_of
from workbench.trace.redaction.edits import Edits
from workbench.trace.redaction.names import plain
from workbench.trace.redaction.rules import Rules
from workbench.trace.redaction.structure import Structure

TEXTS_WITHIN = 8
"""Assumed: JSON in a JSON string of a JSON string … deeper than this is replaced as a whole."""
PACKED_WITHIN = 2
"""Base64 in base64; deeper is replaced as a whole."""
INFLATED_BYTES_MAX = 16 * 1024 * 1024
INFLATED_TIMES_MAX = 200
"""A gzip payload that grows beyond these is replaced as a whole."""
GZIP, KPL_AGGREGATE = b"\x1f\x8b", b"\xf3\x89\x9a\xc2"
BASE64 = re.compile(r"\s*+(?:[A-Za-z0-9+/]{24,}+|[A-Za-z0-9_-]{24,}+)={0,2}\s*+")
HEX = re.compile(r"[0-9a-fA-F-]*+")
PACKED = re.compile(r'"(?![0-9a-fA-F-]*+")[A-Za-z0-9+/_-]{24,}+={0,2}"(?!\s*:)')
CARD = re.compile(r"(?<![\w.-])[2-6]\d{12,18}(?!\w)")
VALUE = re.compile(
    r"""["'\\]{0,4}\s{0,4}(?:=>|[:=>])[ \t]{0,4}"""
    r"""(?:\\{1,3}"(?P<escaped>[^"\\]*+)|"(?P<double>(?:[^"\\]|\\.)*+)|'(?P<single>[^'\\]*+)|(?P<bare>[^\s&,;<>"'{}\[\]()\\]++))"""
)
QUOTED = re.compile(r'"\s*+:\s*+"')
LINE = re.compile(r"""[^\r\n"'{}\\]++""")
NO_SECRETS = ("none", "null", "true", "false", "undefined")
ECHO_CHARACTERS = 6
"""A matched value of so many is replaced wherever it stands alone in its record, one of four where it is a string."""
WHOLE, WORD = re.compile(r'"(?P<value>[^"\\]{4,}+)"'), re.compile(r"(?P<value>\w{6,}+)")
PHRASES_MOST = 100
"""So many values of more than one word are looked for elsewhere; where they were matched all are replaced."""


class UninspectedError(ValueError):
    """Something that cannot be looked into."""


class TextRedactor:
    """Redacts the texts of one record, which share what their rules matched.

    Args:
        rules: what matches.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.matched: dict[str, str] = {}
        """Values that a rule matched, and what stands for them."""

    def redacted(self, text: str, *, payload: bool = True, texts: int = 0, packed: int = 0) -> str:
        """The text without what matched; every other character as it was.

        Args:
            text: JSON or not.
            payload: whether paths count.
            texts: how many strings it is the inside of.
            packed: how many of those were base64.

        Raises:
            ValueError: it cannot be looked into.
        """
        if texts > TEXTS_WITHIN or packed > PACKED_WITHIN:
            raise UninspectedError("packed deeper than anyone means")
        unpacked = self._unpacked(text, payload, texts, packed)
        if unpacked is not None:
            return unpacked
        edits = Edits(text)
        names = self._rules.names_in_text if payload else self._rules.names
        named = list(names.found_in(text))
        shape = shape_of(text)
        if self._has_structure(text, shape, named):
            self._walk(edits, payload, texts, packed)
        upto = 0
        for start, end, action in named:
            if start >= upto:
                upto = self._settle_named(edits, start, end, action)
        self._detect(edits, shape)
        return edits.applied()

    def echoes(self, text: str) -> str:
        """The text without the values that rules matched elsewhere in the record; in time that grows with the text."""
        if text in self.matched:
            return self.matched[text]
        text = WHOLE.sub(self._echo, text)
        text = WORD.sub(self._echo, text)
        phrases = [v for v in self.matched if len(v) >= ECHO_CHARACTERS and not WORD.fullmatch(v)]
        for value in phrases[:PHRASES_MOST]:
            if value in text:
                alone = rf"(?<!\w){re.escape(value)}(?!\w)"
                text = re.sub(alone, lambda _: self.matched[value], text)  # noqa: B023 - used at once
        return text

    def _echo(self, found: re.Match[str]) -> str:
        value = found["value"]
        stands = self.matched.get(value)
        return found[0] if stands is None else found[0].replace(value, stands)

    def _has_structure(self, text: str, shape: str, named: list[tuple[int, int, Action]]) -> bool:
        """Whether the JSON in the text must be taken apart: most of it need not."""
        if "{" not in text and "[" not in text and not text.lstrip().startswith('"'):
            return False
        return (
            self._rules.has_own
            or text.count("[") + text.count("{") > DEEPEST
            or "\\" in text
            or PACKED.search(text) is not None
            or ("0" * 13 in shape and any(map(is_card_number, CARD.findall(text))))
            or any(QUOTED.match(text, end) is None for _, end, _ in named)
        )

    def _walk(self, edits: Edits, payload: bool, texts: int, packed: int) -> None:
        def inner(text: str, name: str | int) -> str | None:
            if name in OPAQUE and not payload:
                return None
            return self._inner(text, payload, texts, packed)

        Structure(edits, self._rules, self.matched.__setitem__, inner, payload=payload).walk()

    def _inner(self, text: str, payload: bool, texts: int, packed: int) -> str:
        try:
            return self.redacted(text, payload=payload, texts=texts + 1, packed=packed)
        except ValueError:
            return self._whole(text)

    def _whole(self, text: str) -> str:
        return self._rules.key.token("uninspected", text)

    def _unpacked(self, text: str, payload: bool, texts: int, packed: int) -> str | None:
        """A text that is base64, packed again without what matched in it; None where it is no base64."""
        if len(text) < 24 or BASE64.fullmatch(text) is None or HEX.fullmatch(text):
            return None
        bare = text.strip()
        url_safe = b"-_" if "-" in bare or "_" in bare else None
        try:
            content = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=url_safe)
        except ValueError:
            return None
        if content.startswith(KPL_AGGREGATE):
            return self._whole(text)
        plain_content = inflated(content)
        try:
            inside = plain_content.decode("utf-8")
        except UnicodeDecodeError:
            seen = plain_content.decode("latin-1")
            return (
                None if self._inner(seen, payload, texts, packed + 1) == seen else self._whole(text)
            )
        again = self.redacted(inside, payload=payload, texts=texts + 1, packed=packed + 1)
        if again == inside:
            return text
        return base64.b64encode(deflated_like(content, again.encode("utf-8")), url_safe).decode(
            "ascii"
        )

    def _settle_named(self, edits: Edits, start: int, end: int, action: Action) -> int:
        """Replace the value behind a secret name: a quoted one, a word, or a header's line; returns where it ends."""
        text = edits.text
        found = VALUE.match(text, end)
        if found is None or action is Action.KEEP or text[start - 1 : start] == "/":
            return end
        group = str(found.lastgroup)
        value_start, value_end = found.span(group)
        if group == "bare" and plain(text[start:end]).endswith(("authorization", "cookie")):
            line = LINE.match(text, value_start)
            value_end = line.end() if line else value_end
        value = text[value_start:value_end]
        is_word = group == "bare" and value.lower() in NO_SECRETS
        if not value or is_word or REPLACED.fullmatch(value):
            return end
        stands = self._rules.stands_for(value, action)
        self.matched[value] = stands
        edits.settle(value_start, value_end, stands)
        return value_end

    def _detect(self, edits: Edits, shape: str) -> None:
        kinds = self._rules.detection.kinds_in(edits.text, shape)
        if not kinds:
            return
        for start, end in edits.gaps():
            for found in self._rules.detection.values_in(edits.text, kinds, start, end):
                action = self._rules.kinds[found.kind]
                stands = as_text(action, found.kind, found.canonical, self._rules.key)
                edits.settle(found.start, found.end, stands)


OPAQUE = ("ReceiptHandle", "receiptHandle", "Signature", "nextToken", "NextToken")
"""Members of a service's own answer that are base64 of nothing readable."""


def inflated(content: bytes) -> bytes:
    """The content, out of gzip where it is in gzip.

    Raises:
        UninspectedError: it is damaged, or grows beyond all measure.
    """
    if not content.startswith(GZIP):
        return content
    most = min(INFLATED_BYTES_MAX, max(len(content) * INFLATED_TIMES_MAX, 65_536))
    out, rest = b"", content
    try:
        while rest:
            member = zlib.decompressobj(31)
            out += member.decompress(rest, most + 1 - len(out))
            if len(out) > most or not member.eof:
                raise UninspectedError("a gzip payload that is cut or grows beyond all measure")
            rest = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise UninspectedError(f"a damaged gzip payload: {error}") from error
    return out


def deflated_like(content: bytes, plain_content: bytes) -> bytes:
    """The new content, in gzip where the old one was; equal for equal contents."""
    return gzip.compress(plain_content, mtime=0) if content.startswith(GZIP) else plain_content
