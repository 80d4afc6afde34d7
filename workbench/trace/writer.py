"""The one way into a trace: pages become a segment, and the segment becomes live with the position, at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from connectors.record import Checkpoint, Page, PeekEffect, Record, Resource, Span
from workbench.errors import TraceError
from workbench.trace.catalog import FILE_NAME, Catalog
from workbench.trace.commit import Commit, Move
from workbench.trace.segments import Segment, publish, records_table

DELIVERY_IDS_AT_ONCE = 100_000
"""Reserved in one small transaction; what a crash leaves unused is a jump in the numbers, nothing else."""


@dataclass(frozen=True, slots=True)
class LaidOutPage:
    """A page on its way into the trace, its rows in columns."""

    source_arn: str
    page: Page
    tables: tuple[pa.Table, ...]
    """Columns of `records`, one table a service; the deliveries are numbered when they are appended."""


class TraceWriter:
    """Writes for one capture, import or replay into a trace that is made when it is not there.

    Args:
        folder: the trace.
        kind: `capture`, `import` or `replay`.
        sources: what was asked for, for the books.
        now: the clock.
        redaction: how what is written was redacted, as JSON; None: it is as received.

    Example:
        >>> writer = TraceWriter(folder, "import", ["order.json"], now)  # doctest: +SKIP
        >>> writer.append_records(records)                               # doctest: +SKIP
        >>> writer.close()                                               # doctest: +SKIP
    """

    def __init__(
        self,
        folder: Path,
        kind: str,
        sources: Sequence[str],
        now: Callable[[], datetime],
        *,
        redaction: str | None = None,
    ) -> None:
        self.capture_id = uuid4().hex
        self._now = now
        there = (folder / FILE_NAME).is_file()
        self.catalog = Catalog.open(folder, write=True) if there else Catalog.create(folder, now())
        self._epochs: dict[str, int] = {}
        self._next_id = self._last_id = 0
        try:
            self.catalog.begin(self.capture_id, kind, sources, now(), redaction)
        except BaseException:
            self.catalog.close()
            raise

    def hold(self, source_arn: str) -> None:
        """Take the source over, so that an older capture of it cannot write any more."""
        self._epochs[source_arn] = self.catalog.take_over(source_arn, self.capture_id)

    def lay_out(self, source_arn: str, page: Page) -> LaidOutPage:
        """The page with its rows in columns, ready to be appended; may be called from any thread."""
        return LaidOutPage(source_arn, page, self._tables(page.records))

    def append_pages(self, pages: Sequence[tuple[str, Page]]) -> None:
        """Lay out and append `(source_arn, page)` pairs, where no other thread has laid them out."""
        self.append([self.lay_out(source_arn, page) for source_arn, page in pages])

    def append(self, pages: Sequence[LaidOutPage]) -> None:
        """Make pages durable with their checkpoints and spans, in one commit.

        Raises:
            FencedError: another capture holds one of the sources.
            TraceError: the disk is full. In both cases nothing of the pages is in the trace.
        """
        moves = tuple(
            Move(
                source_arn=each.source_arn,
                partition_id=each.page.checkpoint.partition_id,
                checkpoint=each.page.checkpoint,
                last_sequence_number=_last_sequence_number(each),
                spans=each.page.spans,
                peek_effects=each.page.peek_effects,
            )
            for each in pages
        )
        held = self._held(*(each.source_arn for each in pages))
        segments = self._record_segments([table for each in pages for table in each.tables])
        self._commit(segments, (*moves, *_told_moves(pages)), epochs=held)

    def append_records(self, records: Sequence[Record], resources: Sequence[Resource] = ()) -> None:
        """Make imported records and configuration durable; each partition's span counts as `assumed`."""
        moves = tuple(_assumed_moves(records))
        self._commit(self._record_segments(self._tables(records)), moves, resources)

    def append_resources(self, resources: Sequence[Resource]) -> None:
        """Make configuration snapshots durable."""
        if resources:
            self._commit((), (), resources)

    def append_hole(self, source_arn: str, partition_id: str, span: Span) -> None:
        """Note a span that is known not to be read.

        Raises:
            FencedError: another capture holds the source, and will say itself what it did not read.
        """
        self._commit(
            (), (Move(source_arn, partition_id, spans=(span,)),), epochs=self._held(source_arn)
        )

    def append_effects(self, source_arn: str, effects: tuple[PeekEffect, ...]) -> None:
        """Note what a peek did to messages."""
        if effects:
            self._commit((), (Move(source_arn, "", peek_effects=effects),))

    def holes(self, source_arn: str) -> int:
        """How many holes of the source this capture leaves."""
        return self.catalog.holes(source_arn, self.capture_id)

    def mend(self, source_arn: str) -> None:
        """The source was read whole: that an earlier capture could not read it at all is a hole no longer."""
        self.catalog.mend(source_arn)

    def append_results(self, tables: dict[str, pa.Table]) -> None:
        """Make result rows (`runs`, `invocations`, `outcomes`, `effects`) durable, all relations at once."""
        segments = tuple(
            self._publish(relation, table) for relation, table in tables.items() if table.num_rows
        )
        if segments:
            self._commit(segments, ())

    def checkpoints(self, source_arn: str) -> dict[str, Checkpoint]:
        """How far each partition of the source was durably read, by partition, as the catalog has it."""
        return self.catalog.checkpoints(source_arn)

    def close(self, state: str = "done") -> None:
        """Note how it ended and let the catalog go."""
        try:
            self.catalog.end(self.capture_id, state, self._now())
        finally:
            self.catalog.close()

    def _held(self, *source_arns: str) -> dict[str, int]:
        return {arn: self._epochs[arn] for arn in source_arns if arn in self._epochs}

    def read_to(self, source_arn: str) -> dict[str, datetime]:
        """Up to where each partition's time was ever proved read, by partition."""
        return self.catalog.read_to(source_arn)

    def _tables(self, records: Sequence[Record]) -> tuple[pa.Table, ...]:
        """The records in columns, one table a service."""
        by_service: dict[str, list[Record]] = {}
        for record in records:
            by_service.setdefault(record.service, []).append(record)
        return tuple(records_table(rows, self.capture_id) for rows in by_service.values())

    def _record_segments(self, tables: Sequence[pa.Table]) -> tuple[Segment, ...]:
        """One segment a service, rows in the order they came, each with a number of its own."""
        by_service: dict[str, list[pa.Table]] = {}
        for table in tables:
            by_service.setdefault(table["service"][0].as_py(), []).append(table)
        return tuple(
            self._publish("records", self._numbered(pa.concat_tables(of_service)), service)
            for service, of_service in by_service.items()
        )

    def _numbered(self, table: pa.Table) -> pa.Table:
        first = self._delivery_ids(table.num_rows)
        numbers = pa.array(range(first, first + table.num_rows), pa.int64())
        return table.set_column(0, table.schema.field(0), numbers)

    def _publish(self, relation: str, table: pa.Table, service: str = "") -> Segment:
        try:
            return publish(self.catalog.folder, relation, table, service)
        except OSError as error:
            raise TraceError(
                f"cannot write to {self.catalog.folder}: {error.strerror or error}; what was committed before is safe, "
                "free space and start again"
            ) from error

    def _delivery_ids(self, count: int) -> int:
        if self._next_id + count > self._last_id:
            reserved = max(count, DELIVERY_IDS_AT_ONCE)
            self._next_id = self.catalog.reserve_delivery_ids(reserved)
            self._last_id = self._next_id + reserved
        first = self._next_id
        self._next_id += count
        return first

    def _commit(
        self,
        segments: tuple[Segment, ...],
        moves: tuple[Move, ...],
        resources: Sequence[Resource] = (),
        epochs: dict[str, int] | None = None,
    ) -> None:
        change = Commit(
            self.capture_id, self._now(), segments, moves, tuple(resources), epochs or {}
        )
        self.catalog.commit(change)


def _last_sequence_number(laid_out: LaidOutPage) -> str | None:
    """Of the page's last record; a log group's page may end with deliveries of other sources, told by its lines."""
    own = (r for r in reversed(laid_out.page.records) if r.source_arn == laid_out.source_arn)
    last = next(own, None)
    return last.sequence_number if last else None


def _told_moves(pages: Sequence[LaidOutPage]) -> Iterable[Move]:
    """What a log group's lines tell of other sources: their spans count as an import's do."""
    return _assumed_moves(
        record
        for each in pages
        for record in each.page.records
        if record.source_arn != each.source_arn
    )


def _assumed_moves(records: Iterable[Record]) -> Iterable[Move]:
    """From the first to the last instant of each partition: what an import without coverage may claim."""
    spans: dict[tuple[str, str], list[datetime]] = {}
    for record in records:
        if record.source_at is not None:
            spans.setdefault((record.source_arn, record.partition_id), []).append(record.source_at)
    for (source_arn, partition_id), instants in spans.items():
        span = Span(min(instants), max(instants))
        yield Move(source_arn, partition_id, spans=(span,), state="assumed")
