"""A question put to a trace: the statement, what it is asked of, and the thresholds that decide."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Self

from workbench.errors import UsageError
from workbench.trace.functions.fields import parse_path
from workbench.trace.reader import Trace
from workbench.trace.sources import source_in_trace
from workbench.trace.sql import Statement, with_literals

Parameters = Mapping[str, Any]
"""What a statement is bound with: the scope's members and the thresholds, by name."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number or word that decides, so that everybody can see and set it."""

    name: str
    """As the statement calls it; a quantity carries its unit."""
    default: float | int | str | Sequence[str]
    reason: str
    """Why this default: a document, a measurement, or `assumed` with the thought behind it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is asked of; None for all of it."""

    source_arn: str | None = None
    since: datetime | None = None
    """Only records whose `source_at` is at or after it."""
    until: datetime | None = None
    """Only records whose `source_at` is at or before it."""
    key: str | None = None
    """JSONPath of the business key."""
    sequence: str | None = None
    """JSONPath of the business sequence, a whole number per key."""
    event_time: str | None = None
    """JSONPath of the instant at which the event itself happened."""

    def parameters(self) -> dict[str, Any]:
        """The members by name, as statements ask for them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def of(self, source_arn: str) -> Self:
        """The same, of one source."""
        return replace(self, source_arn=source_arn)


PRODUCER = Threshold(
    "producer",
    "",
    "nothing: one clock told all event times of a source; a JSONPath names whose told each, and its skew is taken out",
)


def asked_scope(
    trace: Trace,
    source: str | None,
    since: datetime | None,
    until: datetime | None,
    fields: Mapping[str, str | None],
) -> Scope:
    """What a person asked of, with the business fields that the trace remembers where they named none.

    Raises:
        UsageError: a malformed JSONPath, or a source that is not in the trace.
    """
    remembered = trace.settings()
    paths = {name: checked_path(path or remembered.get(name)) for name, path in fields.items()}
    return Scope(source_in_trace(trace, source) if source else None, since, until, **paths)


def used_parameters(
    statement: Statement,
    scope: Scope,
    thresholds: Sequence[Threshold],
    chosen: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What this statement is bound with: scope, defaults, and what the person chose instead of them."""
    defaults = {threshold.name: threshold.default for threshold in thresholds}
    own = {name: value for name, value in (chosen or {}).items() if name in defaults}
    everything = scope.parameters() | defaults | own
    return {name: everything[name] for name in statement.parameters}


def written_out(statement: Statement, parameters: Parameters) -> str:
    """The statement with its parameters written out: what is run is what is shown."""
    return with_literals(statement.body, dict(parameters))


def checked_path(path: str | None) -> str | None:
    """The JSONPath as given.

    Raises:
        UsageError: it is none.
    """
    if path is not None:
        parse_path(path)
    return path


def checked_choices(chosen: Mapping[str, Any], known: Sequence[Threshold]) -> dict[str, Any]:
    """Thresholds that a person set, each in the type of its default.

    Raises:
        UsageError: no such threshold, or a value of another type.

    Example:
        >>> checked_choices({"window_ms": "500"}, [Threshold("window_ms", 1_000, "assumed")])
        {'window_ms': 500}
    """
    by_name = {threshold.name: threshold for threshold in known}
    unknown = sorted(chosen.keys() - by_name.keys())
    if unknown:
        raise UsageError(
            f"wanted a threshold, found {unknown[0]!r}; there are {', '.join(sorted(by_name))}"
        )
    return {name: _in_type_of(by_name[name], value) for name, value in chosen.items()}


def _in_type_of(threshold: Threshold, value: Any) -> Any:
    wanted: Callable[[Any], Any] = type(threshold.default)
    if isinstance(threshold.default, tuple):
        return tuple(value.split(",")) if isinstance(value, str) else tuple(value)
    try:
        return wanted(value)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"wanted {wanted.__name__} for {threshold.name}, such as {threshold.default!r}; found {value!r}"
        ) from error
