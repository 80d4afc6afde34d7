"""EventSourceMapping: how AWS hands a source's records to a function, and the forming of batches by it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, Self

from connectors.answers import instant
from workbench.errors import UsageError
from workbench.patterns import check_pattern
from workbench.summary import Summary

PAYLOAD_BYTES_MAX = 6_291_456
"""The whole event as compact UTF-8 JSON; what a synchronous invocation takes."""
EVENT_BYTES_EMPTY = len('{"Records":[]}')
REPORT = "ReportBatchItemFailures"
UNLIMITED = -1

SourceKind = Literal["sqs", "sqs_fifo", "kinesis", "dynamodb", "event"]
"""`event`: a source that hands over one event at a time, and has no mapping."""
WindowStart = Literal["previous_completion", "first_record"]

MEMBER_PATHS: Mapping[str, tuple[str, ...]] = {
    "batch_size": ("BatchSize",),
    "maximum_batching_window_in_seconds": ("MaximumBatchingWindowInSeconds",),
    "filters": ("FilterCriteria", "Filters"),
    "function_response_types": ("FunctionResponseTypes",),
    "maximum_concurrency": ("ScalingConfig", "MaximumConcurrency"),
    "minimum_pollers": ("ProvisionedPollerConfig", "MinimumPollers"),
    "maximum_pollers": ("ProvisionedPollerConfig", "MaximumPollers"),
    "maximum_retry_attempts": ("MaximumRetryAttempts",),
    "maximum_record_age_in_seconds": ("MaximumRecordAgeInSeconds",),
    "bisect_batch_on_function_error": ("BisectBatchOnFunctionError",),
    "parallelization_factor": ("ParallelizationFactor",),
    "tumbling_window_in_seconds": ("TumblingWindowInSeconds",),
    "starting_position": ("StartingPosition",),
    "starting_position_timestamp": ("StartingPositionTimestamp",),
    "on_failure_arn": ("DestinationConfig", "OnFailure", "Destination"),
}
"""Where AWS's document says it."""
_QUEUE_DEFAULTS: Mapping[str, Any] = {
    "batch_size": 10,
    "maximum_batching_window_in_seconds": 0,
    "function_response_types": (),
}
_STREAM_DEFAULTS: Mapping[str, Any] = {
    "batch_size": 100,
    "maximum_batching_window_in_seconds": 0,
    "function_response_types": (),
    "maximum_retry_attempts": UNLIMITED,
    "maximum_record_age_in_seconds": UNLIMITED,
    "bisect_batch_on_function_error": False,
    "parallelization_factor": 1,
    "tumbling_window_in_seconds": 0,
}
_DEFAULTS: Mapping[SourceKind, Mapping[str, Any]] = {
    "sqs": _QUEUE_DEFAULTS,
    "sqs_fifo": _QUEUE_DEFAULTS,
    "kinesis": _STREAM_DEFAULTS,
    "dynamodb": _STREAM_DEFAULTS,
    "event": {},
}
_QUEUES_ALONE = {"maximum_concurrency", "minimum_pollers", "maximum_pollers"}
_STREAMS_ALONE = {
    *(name for name in _STREAM_DEFAULTS if name not in _QUEUE_DEFAULTS),
    "starting_position",
    "starting_position_timestamp",
    "on_failure_arn",
}
_RANGES = {
    "batch_size": (1, 10_000),
    "maximum_batching_window_in_seconds": (0, 300),
    "maximum_concurrency": (2, 1_000),
    "minimum_pollers": (2, 200),
    "maximum_pollers": (2, 10_000),
    "maximum_retry_attempts": (UNLIMITED, 10_000),
    "maximum_record_age_in_seconds": (UNLIMITED, 604_800),
    "parallelization_factor": (1, 10),
    "tumbling_window_in_seconds": (0, 900),
}
_POSITIONS: Mapping[str, tuple[str, ...]] = {
    "kinesis": ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"),
    "dynamodb": ("TRIM_HORIZON", "LATEST"),
}
FILTERS_MOST = 10
"""On request; 5 without."""
PATTERN_CHARACTERS_MOST = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSourceMapping(Summary):
    """AWS's configuration of an event source mapping; a field of None is not said.

    Members that change nothing about what a handler gets (its own id, state, metrics) are read over.

    Example:
        >>> EventSourceMapping(batch_size=5).completed("sqs").to_aws()["MaximumBatchingWindowInSeconds"]
        0

    Source: Lambda CreateEventSourceMapping.
    """

    batch_size: int | None = None
    maximum_batching_window_in_seconds: int | None = None
    function_response_types: tuple[str, ...] | None = None
    maximum_retry_attempts: int | None = None
    """-1: until the records expire."""
    maximum_record_age_in_seconds: int | None = None
    """-1: as long as the stream keeps them."""
    bisect_batch_on_function_error: bool | None = None
    parallelization_factor: int | None = None
    tumbling_window_in_seconds: int | None = None
    """0: none."""
    filters: tuple[str, ...] | None = None
    """Patterns of FilterCriteria as JSON; a record that fits one of them is handed over."""
    maximum_concurrency: int | None = None
    minimum_pollers: int | None = None
    maximum_pollers: int | None = None
    starting_position: str | None = None
    starting_position_timestamp: datetime | None = None
    on_failure_arn: str | None = None
    """Where AWS sends what it gives up."""

    @classmethod
    def from_aws(cls, document: Mapping[str, Any]) -> Self:
        """The mapping that `get-event-source-mapping` answers; members may be left out.

        Raises:
            UsageError: a member is of the wrong type.
        """
        said = {name: _at(document, path) for name, path in MEMBER_PATHS.items()}
        return cls(**{name: _checked(name, value) for name, value in said.items()})

    def to_aws(self) -> dict[str, Any]:
        """What is said, under AWS's names."""
        document: dict[str, Any] = {}
        for name, (*outer, member) in MEMBER_PATHS.items():
            value = getattr(self, name)
            if value is not None:
                holder = document
                for each in outer:
                    holder = holder.setdefault(each, {})
                holder[member] = _spelled(name, value)
        return document

    @property
    def filter_criteria(self) -> str | None:
        """FilterCriteria as JSON text; None where every record is handed over."""
        return json.dumps(self.to_aws()["FilterCriteria"]) if self.filters else None

    def over(self, earlier: Self) -> Self:
        """This mapping, with what it does not say taken from `earlier`."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(earlier, **{name: value for name, value in own.items() if value is not None})

    def completed(self, kind: SourceKind) -> Self:
        """The mapping with AWS's defaults for this kind of source.

        Raises:
            UsageError: AWS would refuse it; the message names the member and AWS's reason.
        """
        whole = self.over(type(self)(**_DEFAULTS[kind]))
        for reason in whole._objections(kind):
            raise UsageError(f"AWS would refuse this mapping: {reason}")
        return whole

    @property
    def reports_failures(self) -> bool:
        """Whether the handler's answer may name the records that failed."""
        return REPORT in (self.function_response_types or ())

    def limits(self) -> "BatchLimits":
        """When a batch of a completed mapping is full."""
        return BatchLimits(
            batch_size=self.batch_size or 1,
            window=timedelta(seconds=self.maximum_batching_window_in_seconds or 0),
        )

    def _objections(self, kind: SourceKind) -> Iterator[str]:
        if kind == "event":
            for member in self.to_aws():
                yield f"{member}: this source hands over one event at a time and has no event source mapping"
            return
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                yield f"{_member(name)} {value}: must be between {least} and {most}"
        if unknown := [each for each in self.function_response_types or () if each != REPORT]:
            yield f"FunctionResponseTypes {unknown[0]!r}: must be {REPORT}"
        yield from self._filter_objections(kind)
        if kind in ("kinesis", "dynamodb"):
            yield from self._stream_objections(kind)
        else:
            yield from self._queue_objections(kind)

    def _filter_objections(self, kind: SourceKind) -> Iterator[str]:
        filters = self.filters or ()
        if len(filters) > FILTERS_MOST:
            yield f"FilterCriteria: {len(filters)} filters, the maximum is {FILTERS_MOST}"
        service = "aws:sqs" if kind == "sqs_fifo" else f"aws:{kind}"
        for pattern in filters:
            if len(pattern) > PATTERN_CHARACTERS_MOST:
                yield f"FilterCriteria: a pattern of more than {PATTERN_CHARACTERS_MOST} characters"
            for reason in check_pattern(pattern, dialect="mapping", service=service):
                yield f"FilterCriteria: {reason}"

    def _queue_objections(self, kind: SourceKind) -> Iterator[str]:
        for name in sorted(_STREAMS_ALONE, key=list(MEMBER_PATHS).index):
            if getattr(self, name) is not None:
                yield f"{_member(name)}: unsupported parameter for an SQS event source"
        batch_size, window = self.batch_size or 0, self.maximum_batching_window_in_seconds
        if kind == "sqs_fifo":
            if batch_size > 10:
                yield f"BatchSize {batch_size}: the maximum for a FIFO queue is 10"
            if window:
                yield "MaximumBatchingWindowInSeconds: batching window is not supported for FIFO queues"
        elif batch_size > 10 and not window:
            yield _WINDOW_WANTED
        if self.maximum_concurrency and (self.minimum_pollers or self.maximum_pollers):
            yield "ScalingConfig: MaximumConcurrency cannot be combined with ProvisionedPollerConfig"
        if (self.minimum_pollers or 0) > (self.maximum_pollers or 10_000):
            yield f"MinimumPollers {self.minimum_pollers}: must not exceed MaximumPollers"

    def _stream_objections(self, kind: SourceKind) -> Iterator[str]:
        for name in sorted(_QUEUES_ALONE, key=list(MEMBER_PATHS).index):
            if getattr(self, name) is not None:
                yield f"{_member(name)}: unsupported parameter for a {kind} event source"
        age = self.maximum_record_age_in_seconds
        if age is not None and 0 <= age < 60:
            yield f"MaximumRecordAgeInSeconds {age}: must be -1 or at least 60"
        position = self.starting_position
        if position is not None and position not in _POSITIONS[kind]:
            yield f"StartingPosition {position}: must be {' or '.join(_POSITIONS[kind])}"
        if position == "AT_TIMESTAMP" and self.starting_position_timestamp is None:
            yield "StartingPositionTimestamp: AT_TIMESTAMP needs one"
        if self.starting_position_timestamp is not None and position != "AT_TIMESTAMP":
            yield "StartingPositionTimestamp: only with the StartingPosition AT_TIMESTAMP"


_WINDOW_WANTED = (
    "MaximumBatchingWindowInSeconds: Maximum batch window in seconds must be greater than 0 "
    "if maximum batch size is greater than 10"
)


def _member(name: str) -> str:
    return MEMBER_PATHS[name][-1]


def _at(document: Any, path: tuple[str, ...]) -> Any:
    """What stands there; None where nothing does."""
    for member in path:
        if document is None:
            return None
        if not isinstance(document, Mapping):
            raise UsageError(f"wanted an object around {member}, found {document!r}")
        document = document.get(member)
    return document


def _checked(name: str, value: Any) -> Any:
    if value is None:
        return None
    match name:
        case "function_response_types":
            return tuple(str(each) for each in _listed(name, value))
        case "filters":
            patterns = [
                each.get("Pattern") for each in _listed(name, value) if isinstance(each, Mapping)
            ]
            if len(patterns) < len(value) or not all(isinstance(each, str) for each in patterns):
                raise UsageError(f"wanted a Pattern as text in each of Filters, found {value!r}")
            return tuple(patterns)
        case "starting_position_timestamp":
            return _instant(name, value)
        case "starting_position" | "on_failure_arn":
            kind: type = str
        case "bisect_batch_on_function_error":
            kind = bool
        case _:
            kind = int
    if type(value) is not kind:
        raise UsageError(f"wanted {kind.__name__} as {_member(name)}, found {value!r}")
    return value


def _listed(name: str, value: Any) -> Sequence[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise UsageError(f"wanted a list as {_member(name)}, found {value!r}")


def _instant(name: str, value: Any) -> datetime:
    """As the CLI spells it: in seconds, or ISO 8601."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        return instant(value)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise UsageError(f"wanted an instant as {_member(name)}, found {value!r}") from error


def _spelled(name: str, value: Any) -> Any:
    if name == "filters":
        return [{"Pattern": pattern} for pattern in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When a batch is full."""

    batch_size: int
    window: timedelta = timedelta(0)
    payload_bytes: int = PAYLOAD_BYTES_MAX
    window_start: WindowStart = "previous_completion"
    """Assumed: the next window opens when the previous invocation ends; one that passed empty, at the next arrival."""


class Arrival(NamedTuple):
    """One record as batch forming sees it."""

    at: datetime
    """From when on it can be read."""
    size_bytes: int
    """Its part of the event, compact UTF-8 JSON."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Where a batch ends."""

    count: int
    at: datetime
    """When the function is invoked with it."""
    closed_by: str
    """`batch_size`, `window`, `payload`, `poll` (no window), `end` (nothing more was to come)."""


def close_batch(arrivals: Iterable[Arrival], limits: BatchLimits, free_at: datetime) -> Closing:
    """How many of the next records make one batch, and when it is sent.

    Args:
        arrivals: at least one, in reading order; never read further than one past the batch.
        limits: of the mapping.
        free_at: when the previous invocation ended; before the first, anything up to the first arrival.

    Returns:
        A batch always has one record, even one that is over the payload limit alone.

    Example:
        >>> at = datetime(2026, 1, 1)
        >>> close_batch([Arrival(at, 10)] * 3, BatchLimits(batch_size=2), at).closed_by
        'batch_size'
    """
    reading = iter(arrivals)
    first = next(reading)
    now = max(first.at, free_at)
    ends_at = _window_opens_at(first.at, now, free_at, limits) + limits.window
    count, event_bytes = 1, EVENT_BYTES_EMPTY + first.size_bytes
    while count < limits.batch_size:
        coming = next(reading, None)
        if coming is None:
            return Closing(count, ends_at, "end") if limits.window else Closing(count, now, "poll")
        if coming.at > ends_at:
            return Closing(count, ends_at, "window" if limits.window else "poll")
        if coming.at > now:
            now = coming.at
        event_bytes += 1 + coming.size_bytes
        if event_bytes > limits.payload_bytes:
            return Closing(count, now, "payload")
        count += 1
    return Closing(count, now, "batch_size")


def form_batches(arrivals: Sequence[Arrival], limits: BatchLimits) -> Iterator[Closing]:
    """All batches of a source whose handler never fails and takes no time.

    Args:
        arrivals: in reading order.
        limits: of the mapping.

    Returns:
        Their counts add up to the arrivals.

    Example:
        >>> at = datetime(2026, 1, 1)
        >>> [batch.count for batch in form_batches([Arrival(at, 10)] * 5, BatchLimits(batch_size=2))]
        [2, 2, 1]
    """
    begin, free_at = 0, None
    while begin < len(arrivals):
        coming = (arrivals[n] for n in range(begin, len(arrivals)))
        batch = close_batch(coming, limits, free_at or arrivals[0].at)
        yield batch
        begin, free_at = begin + batch.count, batch.at


def _window_opens_at(
    first_at: datetime, now: datetime, free_at: datetime, limits: BatchLimits
) -> datetime:
    if limits.window_start == "first_record" or first_at > free_at + limits.window:
        return now
    return free_at
