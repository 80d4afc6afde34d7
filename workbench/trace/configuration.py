"""Configuration of one source as it changes: what is worth keeping of the snapshots that are taken again and again."""

import queue
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connectors.record import Resource

MOVING = re.compile(r'"ApproximateNumberOf\w+":"?\d+"?,?')
"""What changes by itself: counts of messages are measurements, not configuration."""


@dataclass(slots=True)
class ConfigurationWatch:
    """Snapshots on their way from the thread that takes them to the one that writes them."""

    _kept: "queue.Queue[Resource]" = field(default_factory=queue.Queue)
    _known: set[tuple[str, str]] = field(default_factory=set)

    def saw(self, resources: Iterable[Resource], *, whole: bool) -> None:
        """Keep what says something new or, at the start and the end of a capture, everything."""
        for resource in resources:
            known = (resource.kind, MOVING.sub("", resource.document))
            if whole or known not in self._known:
                self._kept.put(resource)
            self._known.add(known)

    def kept(self) -> Iterator[Resource]:
        """What was kept and not asked for yet, oldest first."""
        while True:
            try:
                yield self._kept.get_nowait()
            except queue.Empty:
                return
