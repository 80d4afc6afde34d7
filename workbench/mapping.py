"""EventSourceMapping: how AWS hands a source's records to a function, and the forming of batches by it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from workbench.errors import UsageError

PAYLOAD_BYTES_MAX = 6_291_456
"""The whole event as compact UTF-8 JSON; what a synchronous invocation takes."""
EVENT_BYTES_EMPTY = len('{"Records":[]}')
REPORT = "ReportBatchItemFailures"
UNLIMITED = -1

SourceKind = Literal["sqs", "sqs_fifo", "kinesis", "dynamodb"]
WindowStart = Literal["previous_completion", "first_record"]

_MEMBERS = {
    "batch_size": "BatchSize",
    "maximum_batching_window_in_seconds": "MaximumBatchingWindowInSeconds",
    "function_response_types": "FunctionResponseTypes",
    "maximum_retry_attempts": "MaximumRetryAttempts",
    "maximum_record_age_in_seconds": "MaximumRecordAgeInSeconds",
    "bisect_batch_on_function_error": "BisectBatchOnFunctionError",
    "parallelization_factor": "ParallelizationFactor",
}
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
}
_DEFAULTS: Mapping[SourceKind, Mapping[str, Any]] = {
    "sqs": _QUEUE_DEFAULTS,
    "sqs_fifo": _QUEUE_DEFAULTS,
    "kinesis": _STREAM_DEFAULTS,
    "dynamodb": _STREAM_DEFAULTS,
}
_RANGES = {
    "batch_size": (1, 10_000),
    "maximum_batching_window_in_seconds": (0, 300),
    "maximum_retry_attempts": (UNLIMITED, 10_000),
    "maximum_record_age_in_seconds": (UNLIMITED, 604_800),
    "parallelization_factor": (1, 10),
}
_NOT_YET: Mapping[str, tuple[Any, ...]] = {
    "FilterCriteria": (None, {}, {"Filters": []}),
    "TumblingWindowInSeconds": (None, 0),
}
"""Members that would change what a handler gets and are not honoured yet, with the values that ask for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSourceMapping:
    """AWS's configuration of an event source mapping; a field of None is not said.

    Members that change nothing about what a handler gets (destinations, concurrency, pollers, starting position)
    are read over.

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

    @classmethod
    def from_aws(cls, document: Mapping[str, Any]) -> Self:
        """The mapping that `get-event-source-mapping` answers; members may be left out.

        Raises:
            UsageError: a member is of the wrong type, or asks for what is not replayed yet.
        """
        for member, harmless in _NOT_YET.items():
            if document.get(member) not in harmless:
                raise UsageError(
                    f"wanted a mapping that can be replayed, found {member}, which is not replayed yet; leave it out"
                )
        said = {name: document.get(member) for name, member in _MEMBERS.items()}
        return cls(**{name: _checked(name, value) for name, value in said.items()})

    def to_aws(self) -> dict[str, Any]:
        """What is said, under AWS's names."""
        said = ((_MEMBERS[field.name], getattr(self, field.name)) for field in fields(self))
        return {
            member: list(value) if isinstance(value, tuple) else value
            for member, value in said
            if value is not None
        }

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
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                yield f"{_MEMBERS[name]} {value}: must be between {least} and {most}"
        if unknown := [each for each in self.function_response_types or () if each != REPORT]:
            yield f"FunctionResponseTypes {unknown[0]!r}: must be {REPORT}"
        yield from self._stream_objections(kind)
        if kind == "sqs_fifo":
            if (self.batch_size or 0) > 10:
                yield f"BatchSize {self.batch_size}: the maximum for a FIFO queue is 10"
            if self.maximum_batching_window_in_seconds:
                yield "MaximumBatchingWindowInSeconds: batching window is not supported for FIFO queues"
        if (self.batch_size or 0) > 10 and kind == "sqs" and not self.limits().window:
            yield (
                "MaximumBatchingWindowInSeconds: Maximum batch window in seconds must be greater than 0 "
                "if maximum batch size is greater than 10"
            )

    def _stream_objections(self, kind: SourceKind) -> Iterator[str]:
        if 0 <= (self.maximum_record_age_in_seconds or UNLIMITED) < 60:
            yield f"MaximumRecordAgeInSeconds {self.maximum_record_age_in_seconds}: must be -1 or at least 60"
        if self.maximum_record_age_in_seconds == 0:
            yield "MaximumRecordAgeInSeconds 0: must be -1 or at least 60"
        foreign = [
            name
            for name in _MEMBERS
            if name not in _DEFAULTS[kind] and getattr(self, name) is not None
        ]
        if foreign:
            yield f"{_MEMBERS[foreign[0]]}: unsupported parameter for an SQS event source"


def _checked(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "function_response_types":
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(str(each) for each in value)
        raise UsageError(f"wanted a list as {_MEMBERS[name]}, found {value!r}")
    kind = bool if name == "bisect_batch_on_function_error" else int
    if type(value) is not kind:
        raise UsageError(f"wanted {kind.__name__} as {_MEMBERS[name]}, found {value!r}")
    return value


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When a batch is full."""

    batch_size: int
    window: timedelta = timedelta(0)
    payload_bytes: int = PAYLOAD_BYTES_MAX
    window_start: WindowStart = "previous_completion"
    """Assumed: the next window opens when the previous invocation ends; one that passed empty, at the next arrival."""


@dataclass(frozen=True, slots=True)
class Arrival:
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
        now = max(now, coming.at)
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
