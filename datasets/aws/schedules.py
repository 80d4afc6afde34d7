"""Schedules: rules of the default bus that call a function, which prints the event."""

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.answers import compact_json
from connectors.record import Page, Resource
from datasets.aws.functions import Function, Invocation
from datasets.story import ACCOUNT, REGION, Story, arn, at


@dataclass(slots=True, eq=False)
class Rule:
    """One scheduled rule."""

    story: Story
    name: str
    expression: str
    function: Function
    state: str = "ENABLED"

    def __post_init__(self) -> None:
        self.story.tellers.append(self)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn("events", f"rule/{self.name}")

    @property
    def bus(self) -> str:
        """The bus that its events come from."""
        return arn("events", "event-bus/default")

    def run(self, expected_s: float, late_s: float, duration_ms: float = 900) -> Invocation:
        """A run; its event names the whole second at which it was due."""
        event = {
            "version": "0",
            "id": self.story.uuid(),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": at(expected_s).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [self.arn],
            "detail": {},
        }
        return self.function.invoke(expected_s + late_s, duration_ms, event=event)

    def pages(self) -> Iterator[tuple[str, Page]]:
        """None: its events are seen where the function prints them."""
        return iter(())

    def resources(self) -> Iterator[Resource]:
        """The rule itself."""
        rule = {
            "Name": self.name,
            "Arn": self.arn,
            "ScheduleExpression": self.expression,
            "State": self.state,
            "EventBusName": "default",
        }
        yield Resource(self.arn, "describe-rule", at(0), compact_json(rule))
