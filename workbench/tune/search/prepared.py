"""`prepare`: a capture and its model, ready for one question after another: what a slider asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.tune.observed import Observed, observe
from workbench.tune.search.candidates import changed
from workbench.tune.search.model import Modelled, modelled, settled
from workbench.tune.simulate.simulated import Simulated
from workbench.tune.simulate.traffic import Floats

BUCKETS = 200


@dataclass(frozen=True, slots=True, repr=False)
class Prepared(Summary):
    """What one move of a slider needs; `prepare` makes it."""

    observed: Observed
    found: Modelled

    def run(self, seed: int = 0, **changes: Any) -> Simulated:
        """The captured arrivals under other settings (`batch_size=10, visibility_timeout_s=180`).

        Raises:
            UsageError: no such setting, or one that AWS would refuse.
        """
        settings = changed(self.found.tested.settings, changes)
        return settled(self.observed.traffic, settings, self.found.fitted.model, seed)

    def age_over_time(self, simulated: Simulated | None = None) -> pl.DataFrame:
        """Ages by time of arrival, as observed and as simulated.

        Returns:
            At most 200 stretches of each: `at` (begin, UTC), `p50_age_s`, `p99_age_s`, `series` (`observed`,
            `simulated`).
        """
        again = simulated or self.found.tested.simulated
        sides = {"observed": self.observed.age_s}
        if again is not None:
            sides["simulated"] = again.age_s
        return pl.concat(self._by_time(ages, name) for name, ages in sides.items())

    def _by_time(self, ages: Floats, series: str) -> pl.DataFrame:
        traffic = self.observed.traffic
        length_s = max(traffic.span_s / BUCKETS, 1e-3)
        known = ~np.isnan(ages)
        rows = pl.DataFrame(
            {"bucket": (traffic.at_s[known] // length_s).astype(np.int64), "age_s": ages[known]}
        )
        begins = pl.lit(traffic.begins_at) + pl.duration(
            microseconds=(pl.col("bucket") * length_s * 1e6).cast(pl.Int64)
        )
        return (
            rows.group_by("bucket")
            .agg(
                p50_age_s=pl.col("age_s").median(),
                p99_age_s=pl.col("age_s").quantile(0.99, "higher"),
            )
            .sort("bucket")
            .select(
                begins.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC")).alias("at"),
                "p50_age_s",
                "p99_age_s",
                series=pl.lit(series),
            )
        )

    def _facts(self) -> dict[str, Any]:
        """What it answers for, and whether the model may be believed."""
        tested = self.found.tested
        return {
            "source": source_name(self.observed.source_arn),
            "function": self.observed.function_name,
            "records": len(self.observed.deliveries),
            "invocations": self.observed.invocations.height,
            "model accepted": tested.accepted,
            "misfit": tested.misfit,
            "reason": tested.reason,
        }


def prepare(
    trace: Trace,
    source: str,
    function: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    seed: int = 0,
) -> Prepared:
    """A capture with the model fitted to it, to be asked again and again.

    Returns:
        What answers `run(batch_size=10)`; its `found.tested` says whether the model may be believed.

    Raises:
        UsageError: no such source, or nothing to fit a model to.

    Example:
        >>> prepare(trace, "sqs:orders").run(batch_size=10).age_quantile_s(0.99)  # doctest: +SKIP
    """
    seen = observe(trace, source, function, since, until)
    found = modelled(seen, seed)
    if isinstance(found, str):
        raise UsageError(found)
    return Prepared(seen, found)
