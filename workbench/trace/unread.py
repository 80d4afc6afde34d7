"""What a capture that ended early did not read: a hole for each partition, from where it stands to its end."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.record import Cause, Partition, Span


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a source's time was asked for."""

    since_at: datetime
    """From here on, or from when the capture began where it was asked for all that is kept."""
    until_at: datetime
    """Up to here: the instant that was named, else the tip."""


def unread(
    asked: Asked,
    cause: Cause,
    read_to: Mapping[str, datetime | None],
    listed: Sequence[Partition],
    ended: Collection[str],
) -> Iterator[tuple[str, Span]]:
    """The holes that an ending leaves.

    Args:
        asked: What was to be read.
        cause: Why it was not.
        read_to: How far each partition was read that was begun.
        listed: All partitions there are; a child that waits for its parents is unread too.
        ended: Partitions that were read as far as was asked.

    Returns:
        Pairs of partition and span, in the order of the listing.

    Example:
        >>> from datetime import UTC, timedelta
        >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
        >>> asked = Asked(noon, noon + timedelta(hours=1))
        >>> [hole] = unread(asked, Cause.INTERRUPTED, {"s": noon + timedelta(minutes=1)}, [Partition("s")], ())
        >>> hole[0], str(hole[1].from_at.time())
        ('s', '12:01:00')
    """
    known = {partition.partition_id: partition for partition in listed}
    for partition_id in dict.fromkeys((*read_to, *known)):
        if partition_id in ended:
            continue
        from_at = read_to.get(partition_id)
        if partition_id not in read_to and partition_id in known:
            parents = (read_to.get(parent) for parent in known[partition_id].parents)
            from_at = max((at for at in parents if at is not None), default=None)
        begun_at = asked.since_at if from_at is None else from_at
        if begun_at < asked.until_at or cause != Cause.INTERRUPTED:
            # What failed at once has read nothing, also where no time has passed.
            yield partition_id, Span(begun_at, max(begun_at, asked.until_at), cause)
