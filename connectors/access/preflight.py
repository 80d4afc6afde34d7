"""What there is to know before a capture begins: rights, other readers, the load it will be, and what to mind.

The words and the judgement; `connectors.readiness` asks AWS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import orjson

from connectors.answers import iso
from connectors.budget import Share
from connectors.described import Described
from connectors.horizon import Available
from connectors.record import Mode, Service

_SMALL_MAX_RECEIVE_COUNT = 3
_SHORT_RETENTION = timedelta(hours=24)
_POLLS_PER_SECOND = 1.0
"""What a Lambda mapping, or a worker of the Kinesis Client Library, asks of a shard."""


class Grant(StrEnum):
    """Whether a right is there."""

    GRANTED = "granted"
    MISSING = "missing"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Right:
    """One IAM action that the capture needs."""

    action: str
    grant: Grant
    why: str = ""
    """What was found, or why it was not tested."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody else who reads the source, or feeds it."""

    kind: str
    name: str
    polls: bool
    """It takes of what the capture takes of: a shard's quota, a queue's messages."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the capture will take, of what there is."""

    what: str
    per: str
    takes: float
    quota: float | None
    """None: AWS publishes none."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """All there is to know of one source before its capture."""

    source_arn: str | None
    """None: it could not even be described."""
    service: str
    mode: str
    available: Available | None
    rights: tuple[Right, ...]
    readers: tuple[Reader, ...]
    loads: tuple[Load, ...]
    warnings: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """No right is known to be missing, and there is nothing to mind."""
        return not self.warnings and all(right.grant != Grant.MISSING for right in self.rights)

    def document(self) -> dict[str, Any]:
        """For programs; instants as text, `null` where nothing is known."""
        kept = self.available
        since = kept.kept_from_at if kept else None
        lost_after = kept.lost_after if kept else None
        return {
            "source_arn": self.source_arn,
            "service": self.service,
            "mode": self.mode,
            "ready": self.ready,
            "kept_from_at": iso(since) if since else None,
            "lost_after_ms": round(lost_after / timedelta(milliseconds=1)) if lost_after else None,
            "note": kept.note if kept else None,
            "rights": [
                {"action": r.action, "grant": r.grant.value, "why": r.why} for r in self.rights
            ],
            "readers": [{"kind": r.kind, "name": r.name, "polls": r.polls} for r in self.readers],
            "loads": [
                {"what": load.what, "per": load.per, "takes": load.takes, "quota": load.quota}
                for load in self.loads
            ],
            "warnings": list(self.warnings),
        }


def loads_of(share: Share) -> tuple[Load, ...]:
    """What reading at most takes of a share's quotas.

    Example:
        >>> from connectors.budget import share_of
        >>> [load.takes for load in loads_of(share_of("aws:kinesis", local=False))]
        [1.0, 1048576]
    """
    calls = Load(
        "calls/s", share.per, share.calls_per_second, share.quota_calls_per_second, share.source
    )
    if share.bytes_per_second is None:
        return (calls,)
    quota = share.quota_bytes_per_second
    return calls, Load("bytes/s", share.per, share.bytes_per_second, quota, share.source)


def warnings_of(
    described: Described,
    mode: Mode,
    readers: Sequence[Reader],
    share: Share,
    available: Available,
) -> tuple[str, ...]:
    """What a person should mind before this capture, a line each.

    Args:
        described: The source.
        mode: How it will be read.
        readers: Who else reads it.
        share: What the capture may take.
        available: What is still there.

    Example:
        >>> from connectors.budget import share_of
        >>> fifo = Described("arn:q", Service.SQS, {"FifoQueue": "true"}, "url")
        >>> kept = Available("arn:q", "aws:sqs", None, None, "")
        >>> warnings_of(fifo, Mode.PEEK, (), share_of("aws:sqs", local=False), kept)[0][:4]
        'FIFO'
    """
    found = [*_reader_warnings(described.service, mode, readers, share)]
    if described.service == Service.SQS:
        found += _queue_warnings(described.settings, mode)
    if key := _own_key(described.settings):
        found.append(f"encrypted with {key}: kms:Decrypt on that key is needed besides")
    if described.settings.get("StreamStatus", "ACTIVE") not in ("ACTIVE", "ENABLED"):
        found.append(f"the stream is {described.settings['StreamStatus']}")
    if available.lost_after is not None and timedelta(0) < available.lost_after < _SHORT_RETENTION:
        found.append(f"kept for {available.lost_after} only: what is not read by then is lost")
    if described.settings.get("logGroupClass") == "INFREQUENT_ACCESS":
        found.append(available.note)
    return tuple(found)


def _reader_warnings(
    service: Service, mode: Mode, readers: Sequence[Reader], share: Share
) -> list[str]:
    polling = [reader.name for reader in readers if reader.polls]
    names = ", ".join(polling)
    if share.readers is not None and len(polling) >= share.readers:
        return [
            f"{len(polling)} readers already ({names}): more than {share.readers} may be throttled"
        ]
    if service == Service.SQS and polling:
        taken = "deletes" if mode == Mode.DRAIN else "hides"
        return [f"{names} reads this queue: a {mode} {taken} messages that it would have got"]
    quota = share.quota_calls_per_second
    if service == Service.KINESIS and quota is not None:
        asked = len(polling) * _POLLS_PER_SECOND + share.calls_per_second
        if asked > quota:
            return [
                f"{len(polling)} polling readers ({names}) and this capture may ask {asked:g} "
                f"times/s of each shard, which gives {quota:g}"
            ]
    return []


def _queue_warnings(settings: Mapping[str, Any], mode: Mode) -> list[str]:
    found = []
    if settings.get("FifoQueue") == "true" and mode == Mode.PEEK:
        found.append("FIFO: every message group received is blocked until it is given back")
    limit = _max_receive_count(settings.get("RedrivePolicy"))
    if limit is not None and limit <= _SMALL_MAX_RECEIVE_COUNT and mode == Mode.PEEK:
        found.append(f"maxReceiveCount is {limit}, and a look uses up one receive of every message")
    return found


def _max_receive_count(redrive_policy: str | None) -> int | None:
    try:
        return int(orjson.loads(redrive_policy)["maxReceiveCount"]) if redrive_policy else None
    except (ValueError, KeyError, TypeError):
        return None


def _own_key(settings: Mapping[str, Any]) -> str | None:
    """The key of the owner's that a source is encrypted with; None: none, or one of AWS's own."""
    key = next(
        (settings[name] for name in ("KmsMasterKeyId", "KeyId", "kmsKeyId") if settings.get(name)),
        None,
    )
    return None if key is None or "alias/aws/" in str(key) else str(key)
