"""What each layout costs in a month, beside what the stream would cost without shards of its own."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.tune.cost.settings import Stream
from workbench.tune.cost.streams import (
    OnDemandUse,
    ProvisionedUse,
    on_demand_terms,
    provisioned_terms,
)
from workbench.tune.cost.terms import MONTH_HOURS, Rates, Term, total
from workbench.tune.dated import DatedTable
from workbench.tune.resharding.tally import Integers

SHORT_S = 3_600
"""Assumed: from less captured time, a month is no more than an arithmetic exercise."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A month of the stream, as the captured time was."""

    put_units: float
    rounded_bytes: float
    """Each record rounded up to what on-demand charges."""
    bytes: float
    span_s: float

    @classmethod
    def of(cls, sizes: Integers, span_s: float, rates: Rates) -> "Carried":
        """The month of records with so much data, captured in so many seconds."""
        scale = MONTH_HOURS * 3_600 / span_s if span_s else 0.0
        unit = rates.needed("kinesis", "put_payload_unit_size", "provisioned")
        grain = int(rates.value("kinesis", "data_in_grain") or 1_024)
        return cls(
            put_units=float(np.maximum(1, -(-sizes // unit)).sum()) * scale,
            rounded_bytes=float((np.maximum(1, -(-sizes // grain)) * grain).sum()) * scale,
            bytes=float(sizes.sum()) * scale,
            span_s=span_s,
        )


@dataclass(frozen=True, slots=True)
class Prices:
    """Terms of a month by what is priced; notes that hold for all."""

    rates: Rates
    terms: Mapping[str, tuple[Term, ...] | None]
    """`current`, `uniform`, `planned`, `on_demand`, `advantage`; None where there is no such layout, or no month."""
    fan_out: tuple[Term, ...]
    """What enhanced fan-out of all shared readers adds to the planned layout."""
    notes: tuple[str, ...]

    def per_month(self, name: str) -> float | None:
        """US dollars of 30 days; None where there is no such layout, or a term of it has no price."""
        terms = self.terms.get(name)
        return None if not terms or total(terms).unknown else total(terms).cost

    def document(self) -> dict[str, Any]:
        """As the member `prices` of the plan."""
        priced = {
            name: None
            if terms is None
            else {
                "per_month": self.per_month(name),
                "unknown": list(total(terms).unknown),
                "terms": [asdict(term) for term in terms],
            }
            for name, terms in self.terms.items()
        }
        added = total(self.fan_out)
        return {
            "at": self.rates.at.isoformat(),
            "region": self.rates.region,
            **priced,
            "fan_out": {
                "per_month": None if added.unknown else added.cost,
                "terms": [asdict(term) for term in self.fan_out],
            },
            "notes": list(self.notes),
        }


def priced(
    carried: Carried,
    shards: Mapping[str, int | None],
    stream: Stream,
    readers: int,
    rates: Rates,
    allowed: DatedTable,
) -> Prices:
    """Prices the layouts and the two on-demand modes.

    Args:
        carried: a month.
        shards: how many each provisioned layout has; None where there is none.
        stream: its captured mode and retention.
        readers: that share the read throughput; registered consumers are left out of all of them alike.
        rates: the prices of a day.
        allowed: quotas, which hold the commitment of On-demand Advantage.

    Source: Amazon Kinesis Data Streams pricing; Developer Guide, Choose the data stream capacity mode.
    """
    notes = list(_notes(carried, stream, readers))
    if not carried.span_s:
        return Prices(rates, dict.fromkeys((*shards, "on_demand", "advantage")), (), tuple(notes))
    terms: dict[str, tuple[Term, ...] | None] = {
        name: None if count is None else _provisioned(carried, count, stream, rates)
        for name, count in shards.items()
    }
    for name in ("on_demand", "advantage"):
        use = _on_demand(carried, stream, readers, is_advantage=name == "advantage")
        terms[name] = on_demand_terms(use, rates, allowed)
    return Prices(
        rates, terms, _fan_out(carried, shards["planned"] or 0, readers, rates), tuple(notes)
    )


def _notes(carried: Carried, stream: Stream, readers: int) -> list[str]:
    notes = [f"list prices of 30 days as captured, {readers} readers that share the throughput"]
    if not carried.span_s:
        notes.append("captured at one instant: no month follows")
    elif carried.span_s < SHORT_S:
        notes.append(f"a month reckoned from {carried.span_s:,.0f} s: too short to stand for one")
    if not stream.is_known:
        notes.append("its mode and retention were not captured: assumed provisioned, kept for 24 h")
    notes.append(
        "advantage is an account's setting; its commitment is reckoned as if this were the only stream"
    )
    return notes


def _kept(carried: Carried, stream: Stream, beyond_hours: float, up_to_hours: float) -> float:
    """Bytes in the stream at any time that are older than a bound."""
    hours = min(stream.retention_hours, up_to_hours) - beyond_hours
    return carried.bytes * max(0.0, hours) / MONTH_HOURS


def _provisioned(carried: Carried, shards: int, stream: Stream, rates: Rates) -> tuple[Term, ...]:
    use = ProvisionedUse(
        shard_hours=shards * MONTH_HOURS,
        put_units=carried.put_units,
        retention_hours=stream.retention_hours,
        stored_bytes_beyond_7_d=_kept(carried, stream, 168, np.inf),
    )
    return provisioned_terms(use, rates)


def _on_demand(
    carried: Carried, stream: Stream, readers: int, *, is_advantage: bool
) -> OnDemandUse:
    return OnDemandUse(
        written_bytes=carried.rounded_bytes,
        read_bytes=carried.bytes * readers,
        is_advantage=is_advantage,
        stored_bytes_beyond_24_h=_kept(carried, stream, 24, 168),
        stored_bytes_beyond_7_d=_kept(carried, stream, 168, np.inf),
    )


def _fan_out(carried: Carried, shards: int, readers: int, rates: Rates) -> tuple[Term, ...]:
    use = ProvisionedUse(
        shard_hours=shards * MONTH_HOURS,
        put_units=0.0,
        fan_out_consumers=readers,
        fan_out_bytes=carried.bytes * readers,
    )
    return tuple(term for term in provisioned_terms(use, rates) if term.name.startswith("fan-out"))
