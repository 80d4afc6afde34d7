"""A connector whose pages are written down in advance: for tests of the loop that reads connectors."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from connectors.record import Checkpoint, Page, Partition, Record, Resource, Span

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)


class ScriptedConnector:
    """A stream of shards with numbered records; `read` gives `at_once` records a page, then empty pages at the tip."""

    service = "aws:kinesis"

    def __init__(
        self,
        source_arn: str,
        shards: dict[str, int],
        parents: dict[str, tuple[str, ...]] | None = None,
        at_once: int = 10,
        service: str = "aws:kinesis",
        before_page: Callable[[str, int], None] = lambda shard, number: None,
    ) -> None:
        self.source_arn, self.service = source_arn, service
        self._shards, self._parents, self._at_once = shards, parents or {}, at_once
        self._before_page = before_page
        self.closed = 0
        self.started: list[str] = []
        self.resumed_after: list[tuple[str, int]] = []

    def partitions(self) -> Sequence[Partition]:
        return [Partition(shard, self._parents.get(shard, ())) for shard in self._shards]

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        shard = partition.partition_id
        self.started.append(shard)
        number = int(after.position) if after else 0
        end = self._shards[shard]
        has_children = any(shard in parents for parents in self._parents.values())
        while True:
            self._before_page(shard, number)
            records = tuple(
                self.record(shard, n)
                for n in range(number + 1, min(end, number + self._at_once) + 1)
            )
            number += len(records)
            finished = has_children and number >= end
            at_tip = not records or number >= end
            span = Span(T0, T0 + timedelta(seconds=number))
            yield Page(
                records, Checkpoint(shard, str(number), finished), (span,), 0 if at_tip else 1_000
            )
            self.resumed_after.append((shard, number))
            if finished:
                return

    def record(self, shard: str, number: int) -> Record:
        at = T0 + timedelta(seconds=number)
        return Record(
            service=self.service,
            source_arn=self.source_arn,
            partition_id=shard,
            record_id=f"{shard}:{number}",
            sequence_number=str(number),
            ordering_key=f"k{number % 3}",
            order_scope="partition",
            source_at=at,
            received_at=at,
            body=b'{"n": %d}' % number,
        )

    def resources(self) -> Sequence[Resource]:
        return [Resource(self.source_arn, "describe-stream-summary", T0, "{}")]

    def close(self) -> None:
        self.closed += 1
