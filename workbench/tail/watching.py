"""What there is to be seen in pages that have just become durable: deliveries in their order, and what happened."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.record import Page, Record, Span
from workbench.trace.holes import advice
from workbench.trace.where import Where

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to a source and is no delivery."""

    source_arn: str
    partition_id: str
    said: str
    hole: Span | None = None
    """The span that is known not to be read, where that is what happened."""


Seen = Record | Notice


@dataclass(slots=True)
class Watch:
    """Turns pages into what is to be seen; remembers what it has told.

    Args:
        where: which deliveries are shown; everything is stored either way. None: all.

    Example:
        >>> list(Watch().of_pages([(arn, page)]))  # doctest: +SKIP
    """

    where: Where | None = None
    records: int = field(default=0, init=False)
    shown: int = field(default=0, init=False)
    _told: dict[tuple[str, str, str | None], list[Span]] = field(default_factory=dict, init=False)
    _open: set[tuple[str, str]] = field(default_factory=set, init=False)
    """Shards that are being read."""
    _resharded: set[str] = field(default_factory=set, init=False)
    """Streams of which a shard came to its end while we read it."""
    _doubts: set[str] = field(default_factory=set, init=False)

    def of_pages(self, pages: Sequence[tuple[str, Page]]) -> Iterator[Seen]:
        """Holes and new shards first, then the deliveries for which the condition holds, then ends of shards."""
        for source_arn, page in pages:
            yield from self._before(source_arn, page)
        yield from self._deliveries(in_order(pages))
        for source_arn, page in pages:
            yield from self._after(
                source_arn, page.checkpoint.partition_id, page.checkpoint.finished
            )

    def of_holes(self, holes: Iterable[tuple[str, str, Span]]) -> Iterator[Notice]:
        """Those of the holes (source, partition, span) that were not told yet."""
        for source_arn, partition_id, span in holes:
            told = self._told.setdefault((source_arn, partition_id, span.cause), [])
            if _covered(span, told):
                continue
            told.append(span)
            cause = span.cause or "unknown"
            yield Notice(
                source_arn, partition_id, f"hole ({cause}): not read; {advice(cause)}", span
            )

    def _before(self, source_arn: str, page: Page) -> Iterator[Notice]:
        partition_id = page.checkpoint.partition_id
        missing = [span for span in page.spans if span.cause is not None]
        yield from self.of_holes((source_arn, partition_id, span) for span in missing)
        shard = (source_arn, partition_id)
        if shard in self._open or page.checkpoint.finished:
            return
        self._open.add(shard)
        if source_arn in self._resharded:
            yield Notice(source_arn, partition_id, "new shard, read from its beginning")

    def _after(self, source_arn: str, partition_id: str, finished: bool) -> Iterator[Notice]:
        """A shard that was closed before we began is no news."""
        if finished and (source_arn, partition_id) in self._open:
            self._open.discard((source_arn, partition_id))
            self._resharded.add(source_arn)
            yield Notice(source_arn, partition_id, "shard closed, read to its end")

    def _deliveries(self, records: Sequence[Record]) -> Iterator[Seen]:
        self.records += len(records)
        if self.where is None or not records:
            self.shown += len(records)
            yield from records
            return
        kept = self.where.kept(records)
        for doubt in kept.doubts:
            if doubt not in self._doubts:
                self._doubts.add(doubt)
                yield Notice(
                    records[0].source_arn,
                    "",
                    f"the condition does not say of every record whether it holds; those are shown: {doubt}",
                )
        self.shown += len(kept.records)
        yield from kept.records


def in_order(pages: Sequence[tuple[str, Page]]) -> list[Record]:
    """The pages' records, as they arrived within each partition, the partitions merged by the records' own time.

    Example:
        >>> in_order([])
        []
    """
    latest: dict[tuple[str, str], datetime] = {}
    keyed: list[tuple[datetime, Record]] = []
    for _, page in pages:
        for record in page.records:
            partition = (record.source_arn, record.partition_id)
            at = max(latest.get(partition, _BEGINNING), record.source_at or record.received_at)
            latest[partition] = at
            keyed.append((at, record))
    return [record for _, record in sorted(keyed, key=lambda each: each[0])]


def _covered(span: Span, told: Iterable[Span]) -> bool:
    """Whether spans that were told make up this one, which the trace may have grown out of several."""
    reached_at = span.from_at
    for each in sorted(told, key=lambda each: each.from_at):
        if each.from_at <= reached_at:
            reached_at = max(reached_at, each.to_at)
    return bool(told) and reached_at >= span.to_at
