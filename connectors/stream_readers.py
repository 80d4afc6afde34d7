"""Who else reads a table stream: more than two readers of a shard throttle each other."""

from collections.abc import Sequence
from typing import Any

from connectors.errors import AccessDeniedError, OperationRefusedError
from connectors.snapshots import paged

MOST_READERS = 2
"""Simultaneous readers of one shard, ours among them."""
_RESTING = frozenset(("Disabled", "Disabling", "Deleting"))


def readers_of(
    stream_arn: str, lambda_client: Any, lease_tables: Sequence[str] = ()
) -> tuple[str, ...]:
    """The readers that are known, each as a person would name it; none where we may not ask.

    Args:
        stream_arn: Of the table's stream.
        lambda_client: Whose event source mappings are counted, unless they are disabled.
        lease_tables: Of the Kinesis Client Library applications that read it.

    Raises:
        ConnectorError: Lambda did not answer.

    Source: ListEventSourceMappings; DynamoDB developer guide, "Reading and processing a stream".
    """
    wanted = f"the event source mappings of {stream_arn}"
    operation = lambda_client.list_event_source_mappings
    try:
        pages = list(paged(wanted, operation, "Marker", "NextMarker", EventSourceArn=stream_arn))
    except AccessDeniedError:
        pages = []
    functions = [
        f"Lambda {str(mapping.get('FunctionArn', mapping.get('UUID'))).rsplit('function:', 1)[-1]}"
        for page in pages
        for mapping in page.get("EventSourceMappings", ())
        if mapping.get("State") not in _RESTING
    ]
    return (*functions, *(f"KCL application {table}" for table in lease_tables))


def refuse_third_reader(stream_arn: str, readers: Sequence[str]) -> None:
    """Pass while there is room for one more reader.

    Raises:
        OperationRefusedError: Two read already; the message names them.

    Example:
        >>> refuse_third_reader("arn:…", ["Lambda orders"])
    """
    if len(readers) >= MOST_READERS:
        raise OperationRefusedError(
            f"capture of {stream_arn} was refused: {len(readers)} readers read it already "
            f"({', '.join(readers)}), and more than {MOST_READERS} throttle each other; "
            "disable one, or capture nevertheless: --force"
        )
