"""What tests of several connectors share: a clock, an error of AWS, a Lambda without mappings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def aws_error(code: str, operation: str = "GetRecords", message: str = "scripted") -> ClientError:
    """What boto3 raises for an error answer."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class Clock:
    """Moves only when it is told to."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


class NoConsumers:
    """Lambda without mappings."""

    def list_event_source_mappings(self, **asked: Any) -> dict[str, Any]:
        return {"EventSourceMappings": []}
