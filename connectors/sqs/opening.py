"""Opens a queue in one of the two ways there are to read it: receive and give back, or receive and delete."""

from typing import Any

from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import Clock, required
from connectors.record import Mode
from connectors.source import SourceName
from connectors.sqs.drain import QueueDrain
from connectors.sqs.peek import QueuePeek
from connectors.sqs.settings import Queue, ask_attributes, queue_of


def open_queue(
    name: SourceName, access: Access, mode: Mode, *, now: Clock, force: bool = False
) -> QueuePeek | QueueDrain:
    """The connector of a queue, its address and settings asked of AWS.

    Raises:
        SourceNotFoundError: No such queue.
        ConnectorError: And its other classes.

    Source: GetQueueUrl, GetQueueAttributes.
    """
    client = access.client("sqs", mode)
    queue = _queue(name, client)
    lambda_client = access.client("lambda", Mode.OBSERVE)
    if mode == Mode.DRAIN:
        return QueueDrain(queue=queue, client=client, lambda_client=lambda_client, now=now)
    return QueuePeek(queue=queue, client=client, lambda_client=lambda_client, now=now, force=force)


def _queue(name: SourceName, client: Any) -> Queue:
    wanted = f"the queue {name.name}"
    owner = {"QueueOwnerAWSAccountId": name.account} if name.account else {}
    answer = call(wanted, client.get_queue_url, QueueName=name.name, **owner)
    url = required(answer, "QueueUrl", str, wanted)
    return queue_of(url, ask_attributes(url, client, wanted), wanted)
