"""Tumbling windows: the spans of time that a function's state lives for, and what they add to an event."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from connectors.answers import compact_json

STATE_BYTES_MAX = 1_048_576
"""As compact UTF-8 JSON; assumed: AWS says 1 MB a shard."""
STATE_FIRST = "{}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class TumblingWindow:
    """One window of one shard, and what the function has made of its records so far.

    Assumed: under ParallelizationFactor each lane of a shard has windows and a state of its own.
    Source: Lambda developer guide, "Implementing stateful Kinesis Data Streams processing in Lambda".
    """

    begins_at: datetime
    ends_at: datetime
    state: str = STATE_FIRST
    """JSON."""

    @classmethod
    def around(cls, at: datetime, length: timedelta) -> Self:
        """The window that an instant is in; assumed: they begin at multiples of their length since the epoch.

        Example:
            >>> window = TumblingWindow.around(datetime(2026, 1, 1, 0, 0, 59, tzinfo=UTC), timedelta(seconds=30))
            >>> window.begins_at.second, window.ends_at.minute
            (30, 1)
        """
        begins_at = at - (at - _EPOCH) % length
        return cls(begins_at, begins_at + length)

    def frame(
        self, partition_id: str, source_arn: str, *, is_final: bool, ended_early: bool = False
    ) -> tuple[str, str]:
        """What stands before and behind the records of an event.

        Args:
            partition_id: the shard.
            source_arn: the stream.
            is_final: nothing of this window follows; its records have all been seen.
            ended_early: because the state had grown too large; the window goes on with a new one.
        """
        window = {"start": _seconds(self.begins_at), "end": _seconds(self.ends_at)}
        names = {"shardId": partition_id, "eventSourceARN": source_arn}
        flags = {"isFinalInvokeForWindow": is_final, "isWindowTerminatedEarly": ended_early}
        tail = f'],"window":{compact_json(window)},"state":{self.state},'
        return '{"Records":[', tail + compact_json(names | flags)[1:]

    @property
    def has_grown_too_large(self) -> bool:
        """Whether Lambda would end it early."""
        return len(self.state.encode("utf-8", "surrogatepass")) > STATE_BYTES_MAX


def answered_state(response: str | None) -> str | None:
    """The state in a function's answer, as JSON; None where there is none, which fails the invocation.

    Example:
        >>> answered_state('{"state": {"sum": 3}, "batchItemFailures": []}'), answered_state("null")
        ('{"sum":3}', None)
    """
    answer: Any = None if response is None else json.loads(response)
    state = answer.get("state") if isinstance(answer, dict) else None
    return None if state is None else compact_json(state)


def _seconds(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
