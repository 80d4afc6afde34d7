"""Takes configuration snapshots: what AWS says a source, a mapping or a function is set to now."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connectors.access.failures import call
from connectors.answers import Clock, compact_json
from connectors.errors import AccessDeniedError, ConnectorError, SourceNotFoundError
from connectors.record import Resource

_WITHHELD = "(not captured)"


def snapshot(
    source_arn: str, kind: str, now: Clock, operation: Callable[..., Any], **parameters: Any
) -> Resource:
    """One answer as it is.

    Args:
        source_arn: Whose configuration it is.
        kind: The operation as the CLI spells it.
        now: Clock.
        operation: A client's method.
        **parameters: As the operation takes them.

    Raises:
        ConnectorError: AWS did not answer.

    Example:
        >>> snapshot("arn:…", "describe-table", now, lambda TableName: {}, TableName="t").kind
        'describe-table'
    """
    answer = call(f"{kind} for {source_arn}", operation, **parameters)
    return Resource(source_arn, kind, now(), compact_json(answer))


def where_allowed(take: Callable[[], Sequence[Resource]]) -> tuple[Resource, ...]:
    """Snapshots that are good to have: none where the right is missing or nothing is there.

    Example:
        >>> def refused():
        ...     raise AccessDeniedError("no")
        >>> where_allowed(refused)
        ()
    """
    try:
        return tuple(take())
    except (AccessDeniedError, SourceNotFoundError):
        return ()


def paged(
    wanted: str, operation: Callable[..., Any], token: str, next_token: str, **parameters: Any
) -> Iterator[dict[str, Any]]:
    """Every page of a listing.

    Args:
        wanted: For the message of an error.
        operation: A client's method.
        token: The parameter that asks for the next page.
        next_token: The member that names it.
        **parameters: As the operation takes them.

    Raises:
        ConnectorError: AWS did not answer, or named the same page twice.

    Example:
        >>> [page["Shards"] for page in paged("shards", lambda: {"Shards": []}, "T", "NextT")]
        [[]]
    """
    answer = call(wanted, operation, **parameters)
    yield answer
    while marker := answer.get(next_token):
        answer = call(wanted, operation, **parameters, **{token: marker})
        if answer.get(next_token) == marker:
            raise ConnectorError(f"{wanted}: another page was wanted, found the same; try again")
        yield answer


def consumers_of(source_arn: str, client: Any, now: Clock) -> tuple[Resource, ...]:
    """The event source mappings of a source and the functions behind them, where we may see them.

    Args:
        source_arn: A queue, stream or table stream.
        client: Lambda.
        now: Clock.

    Returns:
        One `list-event-source-mappings` of all pages, then one `get-function-configuration` each.

    Source: ListEventSourceMappings, GetFunctionConfiguration.
    """
    return where_allowed(lambda: _consumers(source_arn, client, now, EventSourceArn=source_arn))


def function_of(source_arn: str, function: str, client: Any, now: Clock) -> tuple[Resource, ...]:
    """A function's configuration and its mappings, where we may see them.

    Args:
        source_arn: The log group the snapshots belong to.
        function: Name or ARN.
        client: Lambda.
        now: Clock.

    Returns:
        One `get-function-configuration` and one `list-event-source-mappings`.

    Source: ListEventSourceMappings, GetFunctionConfiguration.
    """
    return (
        *where_allowed(lambda: [_function(source_arn, function, client, now)]),
        *where_allowed(lambda: [_mappings(source_arn, client, now, FunctionName=function)[0]]),
    )


def _consumers(source_arn: str, client: Any, now: Clock, **which: str) -> list[Resource]:
    listing, mappings = _mappings(source_arn, client, now, **which)
    functions = sorted({m["FunctionArn"] for m in mappings if "FunctionArn" in m})
    taken = [
        where_allowed(lambda arn=arn: [_function(source_arn, arn, client, now)])  # type: ignore[misc]
        for arn in functions
    ]
    return [listing, *(resource for resources in taken for resource in resources)]


def _mappings(
    source_arn: str, client: Any, now: Clock, **which: str
) -> tuple[Resource, list[dict[str, Any]]]:
    wanted = f"list-event-source-mappings for {source_arn}"
    pages = paged(wanted, client.list_event_source_mappings, "Marker", "NextMarker", **which)
    mappings = [mapping for page in pages for mapping in page.get("EventSourceMappings", ())]
    document = compact_json({"EventSourceMappings": mappings})
    return Resource(source_arn, "list-event-source-mappings", now(), document), mappings


def _function(source_arn: str, function: str, client: Any, now: Clock) -> Resource:
    kind = "get-function-configuration"
    answer = call(
        f"{kind} for {function}", client.get_function_configuration, FunctionName=function
    )
    variables = answer.get("Environment", {}).get("Variables")
    if variables:
        # Names say what a handler expects; values are where production keeps its secrets.
        answer["Environment"]["Variables"] = dict.fromkeys(variables, _WITHHELD)
    return Resource(source_arn, kind, now(), compact_json(answer))
