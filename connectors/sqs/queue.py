"""What both ways of reading a queue share: whose it is, and how it is set up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.access.failures import aws_code
from connectors.answers import Clock, compact_json
from connectors.errors import AccessDeniedError, ConnectorError
from connectors.record import Partition, Resource, Service
from connectors.snapshots import consumers_of, paged, snapshot
from connectors.sqs.settings import Queue

# Local AWS servers lack it.
_NO_SUCH_OPERATION = frozenset(("InvalidAction", "UnknownOperationException"))


@dataclass(slots=True, kw_only=True)
class QueueSource:
    """One queue as a source."""

    queue: Queue
    client: Any
    lambda_client: Any
    now: Clock
    wait_seconds: int = 2
    """Above 0 SQS asks all its hosts; an empty answer to a short poll proves nothing."""
    service: str = Service.SQS

    @property
    def source_arn(self) -> str:
        """The queue's ARN."""
        return self.queue.arn

    def partitions(self) -> Sequence[Partition]:
        """One: a queue has no partitions."""
        return (Partition(""),)

    def resources(self) -> Sequence[Resource]:
        """The queue's attributes with its counts, whose dead letters it gets, and who consumes it.

        The last two only where we may see them. Taken at the end, the counts say what the queue
        still holds; they lag by about a minute.
        """
        return (
            snapshot(
                self.queue.arn,
                "get-queue-attributes",
                self.now,
                self.client.get_queue_attributes,
                QueueUrl=self.queue.url,
                AttributeNames=["All"],
            ),
            *self._dead_letter_sources(),
            *consumers_of(self.queue.arn, self.lambda_client, self.now),
        )

    def _dead_letter_sources(self) -> tuple[Resource, ...]:
        urls = dead_letter_sources(self.queue, self.client)
        if urls is None:
            return ()
        document = compact_json({"queueUrls": urls})
        kind = "list-dead-letter-source-queues"
        return (Resource(self.queue.arn, kind, self.now(), document),)


def dead_letter_sources(queue: Queue, client: Any) -> list[str] | None:
    """The URLs of the queues whose dead letters a queue gets; None: not ours to know.

    Raises:
        ConnectorError: And its classes.

    Source: ListDeadLetterSourceQueues.
    """
    wanted = f"the queues whose dead letters {queue.arn} gets"
    found: list[str] = []
    try:
        for page in paged(
            wanted,
            client.list_dead_letter_source_queues,
            "NextToken",
            "NextToken",
            QueueUrl=queue.url,
            MaxResults=1000,  # without it AWS gives a first page only
        ):
            found += page.get("queueUrls", ())
    except AccessDeniedError:
        return None
    except ConnectorError as error:
        if aws_code(error) in _NO_SUCH_OPERATION:
            return None
        raise
    return found
