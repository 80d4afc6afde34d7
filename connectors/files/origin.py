"""Where an imported record comes from: what the user says of a file, and what the record says itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.answers import attributes_json, compact_json
from connectors.files.members import EVENT
from connectors.record import OrderScope, Record

_ARN = re.compile(r"arn:[^:]*:([^:]*):")
_SEQUENCE = re.compile(r"[0-9]{1,129}")
_COUNT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Skip:
    """What was not taken, and why."""

    reason: str
    place: str = ""
    """`record 3` within its document; `""` for the document."""
    alike: bool = False
    """Of many with this reason one is told: they are of a kind that is not read."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a file's records besides their own words."""

    source_arn: str | None
    """Of `--source`: said by the user, used where a document does not say."""
    partition_id: str | None
    received_at: datetime
    event: Mapping[str, Any] | None = None
    """The members of the records' event, `null` where they themselves stood; None where it had no others."""
    failure: Mapping[str, Any] | None = None
    """What the failure record says that carried the records; see `failures.py`."""

    def arn(self, said: Any, *services: str) -> str | None:
        """The ARN of a record's source.

        Args:
            said: What the record says; its word wins.
            *services: ARN services that fit (`sqs`); the user's word counts only for these.

        Returns:
            None where nobody says it.

        Example:
            >>> origin = Origin("arn:aws:sqs:us-east-1:111122223333:orders", None, datetime.now())
            >>> origin.arn(None, "kinesis"), origin.arn(None, "sqs")
            (None, 'arn:aws:sqs:us-east-1:111122223333:orders')
        """
        if isinstance(said, str) and said:
            return said
        if self.source_arn is None:
            return None
        service = _ARN.match(self.source_arn)
        return self.source_arn if service is None or service[1] in services else None

    def record(
        self,
        *,
        service: str,
        source_arn: str,
        record_id: str,
        body: bytes,
        envelope: Mapping[str, Any],
        partition_id: str = "",
        sequence_number: Any = None,
        ordering_key: str | None = None,
        order_scope: str = OrderScope.NONE,
        source_at: datetime | None = None,
        receive_count: Any = None,
        system: Mapping[str, Any] | None = None,
        user: Mapping[str, Any] | None = None,
    ) -> Record:
        """A record received now; texts made storable, numbers checked (None where they are none)."""
        count = _matching(_COUNT, receive_count)
        noted = envelope if self.event is None else {**envelope, EVENT: self.event}
        ours = {} if self.failure is None else {"workbench": {"failure": self.failure}}
        return Record(
            service=service,
            source_arn=storable(source_arn),
            partition_id=storable(partition_id),
            record_id=storable(record_id),
            received_at=self.received_at,
            body=body,
            sequence_number=_matching(_SEQUENCE, sequence_number),
            ordering_key=None if ordering_key is None else storable(ordering_key),
            order_scope=order_scope,
            source_at=source_at,
            receive_count=None if count is None else int(count),
            attributes=attributes_json(system or {}, user or {}, **ours),
            envelope=compact_json(noted),
        )


def storable(text: str) -> str:
    r"""A text that encodes as UTF-8: halves of surrogate pairs are spelled out.

    Example:
        >>> storable("a\ud800")
        'a\\ud800'
    """
    return text.encode("utf-8", "backslashreplace").decode()


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and pattern.fullmatch(text) else None
