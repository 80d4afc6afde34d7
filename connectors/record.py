"""The words that every connector speaks: partition, record, page, checkpoint.

Standard library only, so that the words cost nothing to import. A record keeps what AWS said, whole:
`body` is the payload byte for byte, `envelope` is the service's answer for this record without it.

Where the payload stands, and what `attributes` holds, by service:

| service | body | partition_id | record_id |
|---|---|---|---|
| `aws:sqs` | `Body` / `body` as UTF-8 | `""` | MessageId |
| `aws:sns` | `Message` as UTF-8 | `""` | MessageId |
| `aws:kinesis` | `Data`, decoded | shard id | `shardId:sequence` |
| `aws:dynamodb` | JSON of `Keys`, `NewImage`, `OldImage`, as Lambda spells them | shard id | eventID |
| `aws:logs` | `message` as UTF-8 | log stream | eventId |
| `aws:s3` | JSON of the `s3` member | `""` | request id and sequencer |
| `aws:events` | JSON of `detail` | `""` | id |
| `aws:apigateway` | `body` (decoded when base64); function URLs too | `""` | requestId |
| `aws:elasticloadbalancing` | `body` (decoded when base64) | `""` | X-Amzn-Trace-Id |
| `aws:firehose` | `data`, decoded, of a transformation | shard id, where told | `invocationId:recordId` |
| `aws:kinesisanalytics` | `data`, decoded | shard id, where told | `invocationId:recordId` |
| any other | the whole event as JSON, given to a function by a call | `""` | the caller's, else a hash |

`attributes` is always `{"system": {...}, "user": {...}}`: what the service added, what the sender added.
The envelope is the API's member (`MessageId` ...) where a connector read it and the Lambda record (`messageId` ...)
where a Lambda event was imported; the two are told apart by their own spelling.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Service(StrEnum):
    """AWS's own `eventSource` for the services we read."""

    SQS = "aws:sqs"
    SNS = "aws:sns"
    KINESIS = "aws:kinesis"
    DYNAMODB = "aws:dynamodb"
    LOGS = "aws:logs"
    S3 = "aws:s3"
    EVENTS = "aws:events"
    APIGATEWAY = "aws:apigateway"


class OrderScope(StrEnum):
    """Within what AWS promises order: a shard or log stream, one ordering key, or nothing."""

    PARTITION = "partition"
    KEY = "key"
    NONE = "none"


class Mode(StrEnum):
    """What capture does to a source; the user names anything above `observe`."""

    OBSERVE = "observe"
    """Reads only: streams, logs, histories."""
    TAP = "tap"
    """Adds a queue of our own behind a topic, tagged, and removes it at the end."""
    PEEK = "peek"
    """Receives and gives back: hides messages for a while and raises their receive counts."""
    DRAIN = "drain"
    """Receives and deletes once durable: only for queues that are ours to empty."""


class Cause(StrEnum):
    """Why a span is known not to have been read."""

    TRIMMED = "trimmed"
    """The service had dropped it before it could be read."""
    LATEST_START = "latest_start"
    """Older than where reading was asked to begin, although it belongs to what was asked for."""
    THROTTLED_SKIP = "throttled_skip"
    """Given up because the service kept refusing for lack of throughput."""
    LATE = "late"
    """Came after its time had been read; what came later still may be missing."""
    UNREADABLE = "unreadable"
    """The source, or one partition of it, could not be read at all."""
    SAMPLED = "sampled"
    """The service itself gave only a part."""
    FILTERED = "filtered"
    """Left out because the user asked so."""
    CORRUPT_PAGE = "corrupt_page"
    """An answer that could not be parsed, down to the smallest that may be asked for."""
    INTERRUPTED = "interrupted"
    """The capture ended before what was asked for was read."""
    LOGS_DROPPED = "logs_dropped"
    """Lambda said that it dropped log lines."""
    GONE = "gone"
    """The source was deleted, disabled or made anew under the same name."""


@dataclass(frozen=True, slots=True)
class Partition:
    """What AWS orders within: a shard, a log stream, or `""` for a queue."""

    partition_id: str
    parents: tuple[str, ...] = ()
    """Shards that must be read to their end before this one."""
    starting_hash_key: str | None = None
    """Decimal; Kinesis only."""
    ending_hash_key: str | None = None
    """Decimal, inclusive; Kinesis only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One delivery of one record, as AWS gave it. See the module's table for what stands where."""

    service: str
    source_arn: str
    partition_id: str
    record_id: str
    received_at: datetime
    """When it reached us, UTC."""
    body: bytes
    sequence_number: str | None = None
    """As AWS gave it; ordered as an integer, never as text, and never dense."""
    ordering_key: str | None = None
    """MessageGroupId, PartitionKey, the item's key as compact JSON; None where the source has none."""
    order_scope: str = OrderScope.NONE
    source_at: datetime | None = None
    """The service's instant: SentTimestamp, ApproximateArrivalTimestamp, log timestamp ..."""
    receive_count: int | None = None
    """ApproximateReceiveCount."""
    attributes: str = '{"system":{},"user":{}}'
    envelope: str = "{}"
    original_hash: bytes | None = None
    """16 bytes, keyed, of the payload before it was redacted; None: the payload is as received."""
    original_bytes: int | None = None
    """Size of the payload before it was redacted; None: as received."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A place in a partition; reading from it yields what comes after the last record already seen."""

    partition_id: str
    position: str
    """Opaque to everyone but the connector that made it; a stream's is the last sequence number."""
    finished: bool = False
    """The partition has ended and was read to its end."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a partition's own time (its records' `source_at`) that was read, or is known not to be."""

    from_at: datetime
    to_at: datetime
    cause: str | None = None
    """None: proved read. Otherwise why not, one of `Cause`."""
    sealed: bool = False
    """Read again so much later that nothing late can be missing; of logs only, other sources are read once."""


@dataclass(frozen=True, slots=True)
class PeekEffect:
    """What one receive of a peek did to one message of somebody's queue."""

    record_id: str
    received_at: datetime
    receive_count: int | None
    """ApproximateReceiveCount after it, ours included."""
    receives_left: int | None
    """Receives until the message moves to its dead-letter queue; None: it never does."""
    hidden_until_at: datetime
    """From when on consumers see it again at the latest."""
    given_back_at: datetime | None = None
    """When it was made visible again; None: not (yet), it comes back by itself."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the service: its records and the position after them. One page is never split on commit."""

    records: tuple[Record, ...]
    checkpoint: Checkpoint
    spans: tuple[Span, ...] = ()
    millis_behind_latest: int | None = None
    """0 says that the tip was reached; None where the service does not tell."""
    requests: int = field(default=1, compare=False)
    """API calls this page cost."""
    peek_effects: tuple[PeekEffect, ...] = ()
    """Stored with the page; the same receive again, given back by then, takes the place of the first."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A configuration snapshot: what AWS answered when asked about a source, a mapping, a function."""

    source_arn: str
    kind: str
    """The operation that answers it, as the CLI spells it: `get-queue-attributes`, `list-shards` ..."""
    observed_at: datetime
    document: str
    """The answer as JSON, without ResponseMetadata."""


class Connector(Protocol):
    """Reads one source.

    A reader never sleeps, never stores and never decodes a body; client, clock and budget come from outside.
    An empty page is an answer, the end of the iterator is the end of the partition (or of what was asked for).
    Resuming the generator means that the page is durable: an acknowledging connector acts there.
    """

    @property
    def source_arn(self) -> str:
        """The source's identity."""
        ...

    @property
    def service(self) -> str:
        """AWS's eventSource."""
        ...

    def partitions(self) -> Sequence[Partition]:
        """The partitions there are now; parents stand before their children."""
        ...

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages after the checkpoint, or from the connector's start where there is none."""
        ...

    def resources(self) -> Sequence[Resource]:
        """Configuration snapshots of this source, for the trace."""
        ...

    def close(self) -> None:
        """Undo what the connector added to the account (a tap's queue and subscription). Safe to call twice."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A connector whose partitions can expire between two captures."""

    def resume(self, checkpoints: Mapping[str, Checkpoint]) -> Iterable[Page]:
        """Pages without records to store before anything is read: holes of what expired, positions as they stand now.

        Called once, before `partitions` and `read`, with all checkpoints that there are of the source.
        """
        ...


@runtime_checkable
class Finishing(Protocol):
    """A connector that collects until it is told that no more is wanted."""

    def finish(self) -> None:
        """Collect nothing new; what was collected is still to be read."""
        ...


@runtime_checkable
class Affecting(Protocol):
    """A connector that does something to somebody's messages, and may end before a page could tell it."""

    @property
    def unrecorded_effects(self) -> Sequence[PeekEffect]:
        """What was done and stands on no page, or otherwise than there."""
        ...
