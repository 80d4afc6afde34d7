"""The last step before the first byte reaches the disk: pages, records and configuration without what matched."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.record import Page, Record, Resource, Service
from workbench.trace.redaction.actions import DROPPED, Action
from workbench.trace.redaction.keys import Key, default_key_file, load_key
from workbench.trace.redaction.profile import load_profile
from workbench.trace.redaction.rules import Rules
from workbench.trace.redaction.text import GZIP, TextRedactor, deflated_like, inflated

KEY_MEMBERS = re.compile(
    r'("(?:PartitionKey|partitionKey|MessageGroupId)":\s*+)"((?:[^"\\]|\\.)*+)"'
)
DIGEST_MEMBERS = re.compile(
    r'("(?:MD5OfMessageAttributes|md5OfMessageAttributes)":\s*+)"([0-9a-f]{32})"'
)
PLATFORM_LINE = re.compile(
    r"(?:START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT) [^{}\"]*+\Z"
)
"""Lambda's own lines: they hold nothing of a payload."""
SERVICE_MEMBERS = re.compile(
    r"message_?id|receipt_?handle|md5ofbody|sequence_?number|event_?(?:id|name|version|source|sourcearn)|aws_?region"
    r"|sent_?timestamp|approximate\w+|timestamp|time|ingestion_?time|log_?stream_?name|type|topic_?arn|data_?type"
    r"|signature_?version|size_?bytes|stream_?view_?type|sender_?id|encryption_?type|mode|own_?receives|request_?id",
    re.IGNORECASE,
)
"""Members of a service's answer that are its own, not a sender's: an allowlist leaves them."""
NO_ATTRIBUTES = '{"system":{},"user":{}}'
VARIABLES = "Variables"


@dataclass(frozen=True, slots=True)
class Redactor:
    """Redacts what a capture or an import is about to store, and the errors that it shows.

    Safe to call from several threads. What cannot be looked into is replaced whole, also when we have a bug.

    Example:
        >>> redactor = Redactor(Rules(load_profile("detect"), Key(bytes(32))))
        >>> redactor.text("no such user bob@example.com")
        'no such user tok_email_z3vyhfk2h3g4j2k6dvcrm2n6dl'
    """

    rules: Rules

    def page(self, page: Page) -> Page:
        """The page with its records redacted; positions and spans hold nothing of a payload."""
        return replace(page, records=tuple(self.records(page.records)))

    def records(self, records: Iterable[Record]) -> list[Record]:
        """The records with body, attributes, envelope and ordering key redacted; the ids of AWS stay.

        `original_hash` and `original_bytes` tell of the payload as it was received, so that equal payloads stay equal
        and sizes stay true.
        """
        return [self._record(record) for record in records]

    def resources(self, resources: Sequence[Resource]) -> tuple[Resource, ...]:
        """Configuration with secret names, values and environment variables redacted."""
        return tuple(
            replace(each, document=self._configuration(each.document)) for each in resources
        )

    def text(self, text: str) -> str:
        """A line for people, such as an error that quotes a payload, redacted."""
        try:
            shown = TextRedactor(self.rules).redacted(text)
        except (ValueError, RecursionError):
            return self.rules.key.token("uninspected", text)
        return (
            re.sub(r"[{\[].*[}\]]", DROPPED, shown, flags=re.DOTALL) if self.rules.only else shown
        )

    @property
    def described(self) -> str:
        """What the trace notes of it, as JSON: the profile's name, a fingerprint of its rules, and which key it was."""
        profile = self.rules.profile
        return json.dumps(
            {"profile": profile.name, "rules": profile.fingerprint, "key": self.rules.key.key_id}
        )

    def _record(self, record: Record) -> Record:
        received = {
            "original_hash": record.original_hash or self.rules.key.fingerprint(record.body),
            "original_bytes": len(record.body)
            if record.original_bytes is None
            else record.original_bytes,
        }
        try:
            return replace(self._looked_into(record), **received)  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001 - whatever went wrong, the payload must not pass as it is
            key = record.ordering_key
            return replace(
                record,
                body=self._whole(record.body),
                ordering_key=None if key is None else self.rules.key.token("key", key),
                attributes=NO_ATTRIBUTES,
                envelope="{}",
                **received,  # type: ignore[arg-type]
            )

    def _looked_into(self, record: Record) -> Record:
        texts = TextRedactor(self.rules)
        body = self._body(record.body, texts)
        key = self._ordering_key(record, texts)
        around = self._around(record, texts)
        if body != record.body:
            around = [_other_digests(text, record.body, body, self.rules.key) for text in around]
        if texts.matched:
            body = texts.echoes(body.decode("utf-8", "surrogatepass")).encode(
                "utf-8", "surrogatepass"
            )
            around = [texts.echoes(text) for text in around]
        if key != record.ordering_key:
            around = [_with_key(text, record.ordering_key, key) for text in around]
        return replace(
            record, body=body, ordering_key=key, attributes=around[0], envelope=around[1]
        )

    def _body(self, body: bytes, texts: TextRedactor) -> bytes:
        try:
            plain = inflated(body)
            text = plain.decode("utf-8", "surrogatepass")
            if "\0" in text:
                return self._whole(body)
            if self.rules.only and not _is_listed_apart(text):
                return body if PLATFORM_LINE.match(text.rstrip("\n")) else DROPPED.encode()
            redacted = texts.redacted(text)
        except ValueError:
            return self._whole(body)
        if redacted == text:
            return body
        content = redacted.encode("utf-8", "surrogatepass")
        return deflated_like(body, content) if body.startswith(GZIP) else content

    def _ordering_key(self, record: Record, texts: TextRedactor) -> str | None:
        key = record.ordering_key
        if key is None:
            return None
        if self.rules.only:
            return self.rules.key.token("key", key)
        if record.service == Service.DYNAMODB and key.startswith("{"):
            redacted = texts.redacted(f'{{"Keys":{key}}}')[len('{"Keys":') : -1]
        else:
            redacted = texts.redacted(key)
        return texts.echoes(redacted)

    def _around(self, record: Record, texts: TextRedactor) -> list[str]:
        """Attributes and envelope: what a service says around a payload."""
        around = [record.attributes, record.envelope]
        if "Attributes" in record.envelope:
            around = [DIGEST_MEMBERS.sub(self._digest_token, text) for text in around]
        if self.rules.only:
            key = record.ordering_key
            members = [_service_members(json.loads(text), key, self.rules.key) for text in around]
            around = [json.dumps(each, separators=(",", ":")) for each in members]
        together = texts.redacted("\n".join(around), payload=False).split("\n")
        if len(together) == 2:
            return together
        return [texts.redacted(text, payload=False) for text in around]

    def _digest_token(self, found: re.Match[str]) -> str:
        return f'{found[1]}"{self.rules.key.token("digest", found[2])}"'

    def _configuration(self, document: str) -> str:
        try:
            text = document
            if f'"{VARIABLES}"' in text:
                text = json.dumps(self._without_values(json.loads(text)), separators=(",", ":"))
            return TextRedactor(self.rules).redacted(text, payload=False)
        except (ValueError, RecursionError):
            return json.dumps({"redacted": self.rules.key.token("uninspected", document)})

    def _without_values(self, value: object) -> object:
        """The document with the values of environment variables replaced, whatever their names."""
        match value:
            case dict():
                return {
                    name: {variable: self._stands_for(text) for variable, text in inner.items()}
                    if name == VARIABLES and isinstance(inner, dict)
                    else self._without_values(inner)
                    for name, inner in value.items()
                }
            case list():
                return [self._without_values(each) for each in value]
        return value

    def _stands_for(self, value: object) -> object:
        if not isinstance(value, str) or value == "(not captured)":
            return value
        return self.rules.stands_for(value, Action.TOKEN)

    def _whole(self, body: bytes) -> bytes:
        return self.rules.key.token("binary", body.decode("latin-1")).encode("ascii")


def open_redactor(profile: str, key_file: Path | None, trace: Path) -> Redactor:
    """The redactor that a command's options name.

    Args:
        profile: `detect`, `allowlist:$.path,…` or a profile's file.
        key_file: where the key is, made on first use; None for the person's own.
        trace: the trace that is captured into, which must not hold the key.

    Raises:
        UsageError: no such profile, or a key that cannot be used.
    """
    key = load_key(key_file or default_key_file(), trace)
    return Redactor(Rules(load_profile(profile), key))


def _other_digests(text: str, received: bytes, stored: bytes, key: Key) -> str:
    """Without the digests of the payload as it was, by which a short one could be guessed."""
    md5 = hashlib.md5(received, usedforsecurity=False).hexdigest()
    if md5 in text:
        text = text.replace(md5, hashlib.md5(stored, usedforsecurity=False).hexdigest())
    sha256 = hashlib.sha256(received).hexdigest()
    return text.replace(sha256, key.token("digest", sha256)) if sha256 in text else text


def _with_key(text: str, received: str | None, stored: str | None) -> str:
    """The ordering key where a service repeats it, as the record's own column has it."""
    was, now = json.dumps(received)[1:-1], json.dumps(stored)[1:-1]
    raw = (received or "").replace("\\", "\\\\").replace('"', '\\"')
    return KEY_MEMBERS.sub(
        lambda found: f'{found[1]}"{now}"' if found[2] in (was, raw) else found[0], text
    )


def _is_listed_apart(text: str) -> bool:
    """Whether the payload is JSON, whose values an allowlist can tell apart."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _service_members(value: object, ordering_key: str | None, key: Key) -> object:
    """The document with every value dropped that a sender may have put there; what tells records apart as tokens."""
    match value:
        case dict():
            return {name: _member(name, inner, ordering_key, key) for name, inner in value.items()}
        case list():
            return [_service_members(each, ordering_key, key) for each in value]
    return None


def _member(name: str, value: object, ordering_key: str | None, key: Key) -> object:
    if isinstance(value, dict | list):
        return _service_members(value, ordering_key, key)
    if SERVICE_MEMBERS.fullmatch(name):
        return value
    if isinstance(value, str) and (value == ordering_key or name == "MessageDeduplicationId"):
        return key.token("key" if value == ordering_key else "digest", value)
    return None
