"""Takes configuration snapshots: what AWS says a source, a mapping or a function is set to now."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connectors.access.failures import call, is_unknown_operation
from connectors.answers import Clock, compact_json, required
from connectors.errors import AccessDeniedError, ConnectorError, SourceNotFoundError
from connectors.record import Resource

_WITHHELD = "(not captured)"
_QUALIFIED = re.compile(r"^(arn:[^:]*:lambda:[^:]*:[^:]*:function:[^:]+):[^:]+$")


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

    None either from a local server that does not know the operation.

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
    except ConnectorError as error:
        if not is_unknown_operation(error):
            raise
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
        One `list-event-source-mappings` of all pages, then for each function what `function_of`
        gives but its mappings.

    Source: ListEventSourceMappings, GetFunctionConfiguration, ListVersionsByFunction, ListAliases.
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
        One `get-function-configuration`, one `list-versions-by-function` (what an alias stands for,
        and what the function was before), one `list-aliases`, one `list-event-source-mappings`;
        of the listings all pages.

    Source: ListEventSourceMappings, GetFunctionConfiguration, ListVersionsByFunction, ListAliases.
    """
    return (
        *_function_with_versions(source_arn, function, client, now),
        *where_allowed(lambda: [_mappings(source_arn, client, now, FunctionName=function)[0]]),
    )


def _consumers(source_arn: str, client: Any, now: Clock, **which: str) -> list[Resource]:
    listing, mappings = _mappings(source_arn, client, now, **which)
    functions = sorted({m["FunctionArn"] for m in mappings if "FunctionArn" in m})
    taken = [_function_with_versions(source_arn, arn, client, now) for arn in functions]
    return [listing, *(resource for resources in taken for resource in resources)]


def _mappings(
    source_arn: str, client: Any, now: Clock, **which: str
) -> tuple[Resource, list[dict[str, Any]]]:
    wanted = f"list-event-source-mappings for {source_arn}"
    pages = paged(wanted, client.list_event_source_mappings, "Marker", "NextMarker", **which)
    mappings = [mapping for page in pages for mapping in page.get("EventSourceMappings", ())]
    document = compact_json({"EventSourceMappings": mappings})
    return Resource(source_arn, "list-event-source-mappings", now(), document), mappings


def _function_with_versions(
    source_arn: str, function: str, client: Any, now: Clock
) -> tuple[Resource, ...]:
    unqualified = _QUALIFIED.sub(r"\1", function)  # versions and aliases are the function's own
    return (
        *where_allowed(lambda: [_function(source_arn, function, client, now)]),
        *where_allowed(lambda: [_versions(source_arn, unqualified, client, now)]),
        *where_allowed(lambda: [_aliases(source_arn, unqualified, client, now)]),
    )


def _function(source_arn: str, function: str, client: Any, now: Clock) -> Resource:
    kind = "get-function-configuration"
    answer = call(
        f"{kind} for {function}", client.get_function_configuration, FunctionName=function
    )
    return Resource(source_arn, kind, now(), compact_json(_withheld(answer)))


def _versions(source_arn: str, function: str, client: Any, now: Clock) -> Resource:
    kind = "list-versions-by-function"
    found = _listed(kind, client.list_versions_by_function, "Versions", function)
    document = compact_json({"Versions": [_withheld(version) for version in found]})
    return Resource(source_arn, kind, now(), document)


def _aliases(source_arn: str, function: str, client: Any, now: Clock) -> Resource:
    kind = "list-aliases"
    found = _listed(kind, client.list_aliases, "Aliases", function)
    return Resource(source_arn, kind, now(), compact_json({"Aliases": found}))


def _listed(
    kind: str, operation: Callable[..., Any], member: str, function: str
) -> list[dict[str, Any]]:
    wanted = f"{kind} for {function}"
    pages = paged(wanted, operation, "Marker", "NextMarker", FunctionName=function)
    return [each for page in pages for each in required(page, member, list, wanted)]


def _withheld(function: dict[str, Any]) -> dict[str, Any]:
    """A function's configuration without the values of its environment.

    Names say what a handler expects; values are where production keeps its secrets.
    """
    variables = function.get("Environment", {}).get("Variables")
    if not variables:
        return function
    withheld = {**function["Environment"], "Variables": dict.fromkeys(variables, _WITHHELD)}
    return {**function, "Environment": withheld}
