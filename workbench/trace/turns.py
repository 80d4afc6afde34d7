"""Whose turn it is: the partitions of one source, each as soon as its read budget lets it be asked again."""

import heapq
import itertools
from collections.abc import Iterator

from connectors.budget import Budget, Budgets
from connectors.errors import ThrottledError
from connectors.record import Page
from workbench.trace.partition_reader import PartitionReader


class Turns:
    """Partitions that wait for their next call, the earliest due first; for one thread."""

    def __init__(self, budgets: Budgets, service: str, source_arn: str) -> None:
        self._budgets, self._service, self._source_arn = budgets, service, source_arn
        self._waiting: list[tuple[int, int, PartitionReader]] = []
        self._order = itertools.count()

    def __bool__(self) -> bool:
        """Whether any partition waits."""
        return bool(self._waiting)

    def add(self, reader: PartitionReader, now_ms: int) -> None:
        """Let it wait for its budget and, after a refusal, for the pause that the service needs."""
        due_ms = now_ms + max(self._budget(reader).delay_ms(now_ms), reader.pause_ms())
        self._push(reader, due_ms)

    def take_due(self, most: int, now_ms: int) -> Iterator[PartitionReader]:
        """Up to so many partitions whose call may be made now; it counts as made."""
        taken = 0
        while taken < most and self._waiting and self._waiting[0][0] <= now_ms:
            _, _, reader = heapq.heappop(self._waiting)
            delay_ms = self._budget(reader).take(now_ms)
            if delay_ms:  # another source of the account was faster
                self._push(reader, now_ms + delay_ms)
                continue
            taken += 1
            yield reader

    def next_in_ms(self, now_ms: int) -> int:
        """How long until the next one is due; 0 where one is."""
        return max(0, self._waiting[0][0] - now_ms) if self._waiting else 0

    def pay(self, reader: PartitionReader, page: Page | None, now_ms: int) -> None:
        """Count what an answer brought, and that production comes first where one was refused."""
        if page is not None:
            self._budget(reader).received(sum(len(r.body) for r in page.records), now_ms)
        if isinstance(reader.error, ThrottledError):
            self._budget(reader).throttled(now_ms)

    def _push(self, reader: PartitionReader, due_ms: int) -> None:
        heapq.heappush(self._waiting, (due_ms, next(self._order), reader))

    def _budget(self, reader: PartitionReader) -> Budget:
        return self._budgets.of(self._service, self._source_arn, reader.partition_id)
