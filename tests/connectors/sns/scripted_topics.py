"""A scripted AWS with topics and queues, and the taps of its topics."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.record import Mode
from connectors.sns.tap import Tap
from connectors.sns.topic import TopicTap
from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.faults import FaultScript
from tests.scripted_aws.sns import ScriptedSns, SnsAccount
from tests.scripted_aws.sqs import ACCOUNT, ScriptedSqs, SqsAccount


@dataclass
class TopicAws:
    """Both services of one account at one time; it stands for an `Access` too."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    queues: SqsAccount = field(default_factory=SqsAccount)
    topics: SnsAccount = field(default_factory=SnsAccount)

    def __post_init__(self) -> None:
        self.sqs = ScriptedSqs(self.clock, self.queues)
        self.sns = ScriptedSns(self.clock, self.queues, self.topics)
        self.publisher = ScriptedSns(self.clock, self.queues, self.topics)

    def fail(self, faults: FaultScript) -> None:
        """One script for our calls of both services."""
        self.sqs.faults = self.sns.faults = faults

    def client(self, service: str, mode: Mode) -> Any:
        """As `Access.client`."""
        return {"sqs": self.sqs, "sns": self.sns, "sts": self}[service]

    def get_caller_identity(self) -> dict[str, str]:
        """Who asks."""
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me"}

    def topic(self, name: str = "orders", **attributes: str) -> str:
        """A topic's ARN."""
        return str(self.publisher.create_topic(Name=name, Attributes=attributes)["TopicArn"])

    def publish(self, arn: str, *messages: str, **more: Any) -> list[str]:
        """Their ids."""
        fifo = {"MessageGroupId": "g"} if arn.endswith(".fifo") else {}
        return [
            self.publisher.publish(TopicArn=arn, Message=m, **fifo, **more)["MessageId"]
            for m in messages
        ]

    def left(self) -> list[str]:
        """Every queue and subscription of a tap that is still there."""
        queues = [name for name in self.queues.queues if name.startswith("workbench-tap-")]
        subscriptions = self.topics.subscriptions.values()
        return queues + [s.arn for s in subscriptions if ":workbench-tap-" in s.endpoint]


def tap(aws: TopicAws, arn: str, suffix: str = "0a1b2c3d", until: datetime | None = None) -> Tap:
    """A tap that is not made yet."""
    return Tap(
        topic_arn=arn,
        client=aws.sns,
        queue_client=aws.sqs,
        now=aws.clock.now,
        suffix=suffix,
        owner="arn:aws:iam::123456789012:user/me",
        until=until,
    )


def topic_tap(aws: TopicAws, arn: str, **more: Any) -> TopicTap:
    """The connector of a topic."""
    made = tap(aws, arn, more.pop("suffix", "0a1b2c3d"), more.get("until"))
    return TopicTap(tap=made, now=aws.clock.now, **more)
