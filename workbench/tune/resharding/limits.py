"""What a shard takes and gives, on a day: an incident is judged by its own day, a recommendation by today."""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from workbench.tune.dated import DEFAULT_REGION, DatedTable


@dataclass(frozen=True, slots=True)
class ShardLimits:
    """The quotas that sharding depends on.

    Source: Kinesis Data Streams quotas; API reference, PutRecords, GetRecords, UpdateShardCount.
    """

    records_per_second: int = 1_000
    """That a shard takes."""
    bytes_per_second: int = 1_048_576
    """That a shard takes, data and partition keys."""
    read_bytes_per_second: int = 2_097_152
    """That all readers of a shard which share its throughput get."""
    read_calls_per_second: int = 5
    """GetRecords of a shard."""
    shards: int = 20_000
    """Of an account."""
    update_calls_per_24_h: int = 10
    """UpdateShardCount of a stream."""
    update_growth: float = 2.0
    update_shrink: float = 0.5
    update_shards: int = 10_000
    """The largest target of UpdateShardCount."""

    def for_burst(self, factor: float) -> "ShardLimits":
        """What the captured load may be, so that a load so many times as high is within the limits.

        Example:
            >>> ShardLimits().for_burst(2).records_per_second
            500
        """
        times = Fraction(str(factor))
        return replace(
            self,
            records_per_second=int(self.records_per_second / times),
            bytes_per_second=int(self.bytes_per_second / times),
        )

    def by_bytes(self) -> "ShardLimits":
        """The same without a limit of records, as for records packed without end."""
        return replace(self, records_per_second=2**62)

    def for_readers(self, readers: int) -> "ShardLimits":
        """What a shard may take, so that so many readers that share its throughput keep up in each second.

        Example:
            >>> ShardLimits().for_readers(4).bytes_per_second
            524288
        """
        share = self.read_bytes_per_second // max(1, readers)
        return replace(self, bytes_per_second=min(self.bytes_per_second, share))


DOCUMENTED = ShardLimits()
_NAMES = {
    "records_per_second": ("shard_write_records_per_second", ""),
    "bytes_per_second": ("shard_write_bytes_per_second", ""),
    "read_bytes_per_second": ("shard_read_bytes_per_second", "shared"),
    "read_calls_per_second": ("shard_read_calls_per_second", ""),
    "shards": ("shards_account", ""),
    "update_calls_per_24_h": ("update_shard_count_per_24_h", ""),
    "update_shards": ("update_shard_count_shards_max", ""),
}
_TIMES = {
    "update_growth": ("update_shard_count_growth_max", ""),
    "update_shrink": ("update_shard_count_shrink_max", ""),
}


def shard_limits(table: DatedTable, at: date, region: str = DEFAULT_REGION) -> ShardLimits:
    """The limits of a day; where a Region's own is not known, the documented default.

    Example:
        >>> from workbench.tune.quotas import quotas
        >>> shard_limits(quotas(), date(2020, 1, 1)).shards
        500
    """
    whole = {
        field: int(value)
        for field, (name, mode) in _NAMES.items()
        if (value := table.value("kinesis", name, at, mode, region)) is not None
    }
    times = {
        field: value
        for field, (name, mode) in _TIMES.items()
        if (value := table.value("kinesis", name, at, mode, region)) is not None
    }
    return ShardLimits(**whole, **times)  # type: ignore[arg-type]  # counts are whole, ratios are not
