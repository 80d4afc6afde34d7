"""What tests of several connectors share: a clock, an error of AWS, a Lambda without mappings."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.scripted_aws.clock import START
from tests.scripted_aws.faults import aws_error

__all__ = ["START", "Clock", "NoConsumers", "aws_error"]


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
