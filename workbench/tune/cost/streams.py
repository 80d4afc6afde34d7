"""What streams charge: Kinesis in its three modes, and the reads of a table's stream."""

from dataclasses import dataclass

from workbench.tune.cost.terms import GIB, MONTH_HOURS, Rates, Term
from workbench.tune.dated import DatedTable


@dataclass(frozen=True, slots=True)
class ProvisionedUse:
    """A month of a provisioned stream."""

    shard_hours: float
    put_units: float
    """Pieces of 25 KB of each record."""
    fan_out_consumers: int = 0
    fan_out_bytes: float = 0.0
    """Read by all of them together."""
    retention_hours: float = 24.0
    stored_bytes_beyond_7_d: float = 0.0


@dataclass(frozen=True, slots=True)
class OnDemandUse:
    """A month of a stream without shards of its own."""

    written_bytes: float
    """Each record rounded up to 1 KB."""
    read_bytes: float
    """By consumers that share the read throughput."""
    stream_hours: float = MONTH_HOURS
    fan_out_bytes: float = 0.0
    is_advantage: bool = False
    stored_bytes_beyond_24_h: float = 0.0
    """From the second to the seventh day."""
    stored_bytes_beyond_7_d: float = 0.0


def provisioned_terms(use: ProvisionedUse, rates: Rates) -> tuple[Term, ...]:
    """The terms of a provisioned stream's month.

    Example:
        >>> from datetime import date
        >>> from workbench.tune.prices import prices
        >>> use = ProvisionedUse(shard_hours=4 * 720, put_units=100 * 2 * 86_400 * 30)
        >>> [round(term.cost, 2) for term in provisioned_terms(use, Rates(prices(), date(2026, 1, 1)))]
        [43.2, 7.26]

    Source: Amazon Kinesis Data Streams pricing.
    """
    of = "provisioned"
    hours = use.shard_hours
    terms = [
        rates.term("shard hours", hours, "shard_hours", ("kinesis", "shard_hour", of)),
        rates.term(
            "PUT payload units", use.put_units, "units", ("kinesis", "put_payload_unit", of)
        ),
    ]
    optional = (
        ("fan-out consumers", hours * use.fan_out_consumers, "consumer_shard_hours", "fan_out_consumer_shard_hour"),
        ("fan-out data", use.fan_out_bytes / GIB, "gb", "fan_out_data"),
        ("retention beyond 24 h", hours if use.retention_hours > 24 else 0, "shard_hours", "retention_shard_hour"),
        ("retention beyond 7 d", use.stored_bytes_beyond_7_d / GIB, "gb_months", "retention_gb_month"),
    )  # fmt: skip
    terms += [
        rates.term(label, quantity, unit, ("kinesis", name, of))
        for label, quantity, unit, name in optional
        if quantity
    ]
    return tuple(terms)


def on_demand_terms(use: OnDemandUse, rates: Rates, quotas: DatedTable) -> tuple[Term, ...]:
    """The terms of an on-demand stream's month.

    With Advantage the account commits itself to 25 MiB/s in and out: what this stream leaves of that is a term of its
    own, as if it were the account's only stream.

    Example:
        >>> from datetime import date
        >>> from workbench.tune.prices import prices
        >>> from workbench.tune.quotas import quotas
        >>> use = OnDemandUse(written_bytes=1000 * GIB, read_bytes=1000 * GIB)
        >>> terms = on_demand_terms(use, Rates(prices(), date(2026, 1, 1)), quotas())
        >>> [(term.name, round(term.cost, 2)) for term in terms]
        [('stream hours', 28.8), ('data in', 80.0), ('data out', 40.0)]

    Source: Amazon Kinesis Data Streams pricing; Developer Guide, Choose the data stream capacity mode.
    """
    of = "advantage" if use.is_advantage else "on_demand"
    written, read = use.written_bytes / GIB, use.read_bytes / GIB
    terms = [
        rates.term(
            "stream hours", use.stream_hours, "stream_hours", ("kinesis", "stream_hour", of)
        ),
        rates.term("data in", written, "gb", ("kinesis", "data_in", of)),
        rates.term("data out", read, "gb", ("kinesis", "data_out", of)),
    ]
    if use.is_advantage:
        terms += _commitment(use, rates, quotas)
    optional = (
        ("fan-out data", use.fan_out_bytes, "gb", "fan_out_data"),
        ("retention beyond 24 h", use.stored_bytes_beyond_24_h, "gb_months", "retention_7_d_gb_month"),
        ("retention beyond 7 d", use.stored_bytes_beyond_7_d, "gb_months", "retention_gb_month"),
    )  # fmt: skip
    terms += [
        rates.term(label, in_bytes / GIB, unit, ("kinesis", name, of))
        for label, in_bytes, unit, name in optional
        if in_bytes
    ]
    return tuple(terms)


def stream_read_terms(reads: float | None, is_lambda: bool, rates: Rates) -> tuple[Term, ...]:
    """The term of a table stream's reads (`GetRecords` calls); Lambda's own are free.

    Source: Amazon DynamoDB pricing; Developer Guide, Evaluate your DynamoDB Streams usage.
    """
    note = "Lambda's own reads are free" if is_lambda else ""
    mode = "lambda" if is_lambda else "own_reader"
    return (rates.term("stream reads", reads, "requests", ("dynamodb", "stream_read", mode), note),)


def _commitment(use: OnDemandUse, rates: Rates, quotas: DatedTable) -> list[Term]:
    note = "of an account's commitment, as if this were its only stream"
    left = []
    # What consumers with a throughput of their own read counts as data out too.
    out = use.read_bytes + use.fan_out_bytes
    for label, name, used, priced in (
        ("commitment not used, in", "commitment_write_bytes_per_second", use.written_bytes, "data_in"),
        ("commitment not used, out", "commitment_read_bytes_per_second", out, "data_out"),
    ):  # fmt: skip
        rate = quotas.value("kinesis", name, rates.at, "advantage", rates.region)
        gb = None if rate is None else max(0.0, rate * MONTH_HOURS * 3600 - used) / GIB
        left.append(rates.term(label, gb, "gb", ("kinesis", priced, "advantage"), note))
    return left
