"""`observe`: what a capture shows of one source and the function behind it, as the tuner takes it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.instants import instant_text
from workbench.trace.sources import source_in_trace, source_name
from workbench.trace.sql import load_statement
from workbench.tune.observed.configured import configured
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.traffic import Floats, Integers, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What happened, of the records that came."""

    source_arn: str
    function_name: str | None
    log_group: str
    settings: Settings
    """As captured."""
    assumed: tuple[str, ...]
    """What of the settings was not captured."""
    traffic: Traffic
    age_s: Floats
    """Of each record, from its arrival to the end of the invocation that took it; NaN where no line tells."""
    deliveries: Integers
    """Of each record, as the service counts."""
    failed_attempts: Integers
    """Of each record, invocations with it that failed."""
    invocations: pl.DataFrame
    """One row an invocation of the function: `request_id, attempt, begins_at, begins_s` (on the traffic's clock),
    `duration_ms, init_ms, billed_ms, memory_mb, max_memory_mb, status, records` (null where no id tells)."""
    dead_letters: int | None

    @property
    def joined_share(self) -> float:
        """Share of the records of which a line tells who took them."""
        return float(np.mean(~np.isnan(self.age_s))) if len(self.age_s) else 0.0

    def age_quantile_s(self, share: float) -> float | None:
        """A quantile of the ages that are known."""
        known = self.age_s[~np.isnan(self.age_s)]
        return float(np.quantile(known, share, method="inverted_cdf")) if len(known) else None

    @property
    def last_end_s(self) -> float:
        """When the last invocation ended, on the traffic's clock; 0 where none is known."""
        ends = self.invocations.select(
            pl.col("begins_s") + pl.col("duration_ms").fill_null(0.0) / 1_000
        ).to_series()
        return float(ends.max() or 0.0)  # type: ignore[arg-type]

    def batch_sizes(self) -> pl.DataFrame:
        """How often which batch size: `records`, `invocations`."""
        known = self.invocations.drop_nulls("records")
        return known.group_by("records").agg(invocations=pl.len()).sort("records")

    def concurrency(self) -> tuple[int, float]:
        """Most environments busy at once, and how many on average from the first begin to the last end."""
        timed = self.invocations.drop_nulls(["begins_s", "duration_ms"])
        if timed.is_empty():
            return 0, 0.0
        init_s = timed["init_ms"].fill_null(0.0).to_numpy() / 1_000
        begins = timed["begins_s"].to_numpy() - init_s
        ends = timed["begins_s"].to_numpy() + timed["duration_ms"].to_numpy() / 1_000
        steps = np.concatenate((np.ones(len(begins)), -np.ones(len(ends))))
        busy = np.cumsum(steps[np.lexsort((steps, np.concatenate((begins, ends))))])
        span = max(float(ends.max() - begins.min()), 1e-3)
        return int(busy.max()), float((ends - begins).sum() / span)

    def document(self) -> dict[str, Any]:
        """The `observed` member of `tune mapping --json`; null where the capture does not tell."""
        calls, sizes = self.invocations, self.batch_sizes()
        joined = calls.drop_nulls("records")
        peak, average = self.concurrency()
        durations = calls["duration_ms"].drop_nulls()
        span_s = self.traffic.span_s
        return {
            "records": len(self.traffic),
            "from": instant_text(self.traffic.begins_at),
            "span_s": span_s,
            "records_per_second": len(self.traffic) / span_s if span_s else None,
            "joined_share": self.joined_share,
            "p50_age_ms": _ms(self.age_quantile_s(0.5)),
            "p99_age_ms": _ms(self.age_quantile_s(0.99)),
            "invocations": len(calls),
            "batch_size_mean": None if joined.is_empty() else joined["records"].mean(),
            "batch_sizes": {str(size): count for size, count in sizes.iter_rows()},
            "concurrency_peak": peak if len(calls) else None,
            "concurrency_average": average if len(calls) else None,
            "error_share": float((calls["status"] != "success").mean()) if len(calls) else None,  # type: ignore[arg-type]
            "cold_starts": int(calls["init_ms"].is_not_null().sum()) if len(calls) else None,
            "duration_p50_ms": durations.median(),
            "duration_p99_ms": durations.quantile(0.99),
            "extra_deliveries": int(np.maximum(self.deliveries - 1, 0).sum()),
            "dead_letters": self.dead_letters,
            "settings": {
                "mapping": self.settings.mapping.to_aws(),
                "timeout_s": self.settings.timeout_s,
                "memory_mb": self.settings.memory_mb,
                "visibility_timeout_s": self.settings.visibility_timeout_s,
                "max_receive_count": self.settings.max_receive_count,
            },
            "assumed": list(self.assumed),
        }


def observe(
    trace: Trace,
    source: str,
    function: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Observed:
    """What a capture shows of a source and the function that its mapping calls.

    Args:
        trace: an open trace.
        source: a queue or stream, by ARN or as in a capture (`sqs:orders`).
        function: name or ARN of the function; None where the source has one only.
        since: only what came from then on.
        until: only what came up to then.

    Returns:
        Arrivals, invocations, ages and the captured configuration. Requests and messages are joined through ids in
        printed events or lines.

    Raises:
        UsageError: no such source, no mapping, several functions, or no record with an instant of arrival.

    Example:
        >>> observe(trace, "sqs:orders").document()["p99_age_ms"]  # doctest: +SKIP

    Source: Lambda developer guide, "Invocation event source mapping"; REPORT lines of CloudWatch Logs.
    """
    source_arn = source_in_trace(trace, source)
    around = configured(trace, source_arn, function)
    arrivals = _ask(trace, "arrivals", source_arn=source_arn, since=since, until=until)
    if arrivals.is_empty():
        raise UsageError(
            f"wanted records of {source_name(source_arn)} with an instant of arrival, found none in this time; "
            "capture some, or name another time"
        )
    trace.keep("handlings", "invocations_observed")
    calls = _ask(
        trace,
        "invocations",
        source_arn=source_arn,
        log_group=around.log_group,
        since=since,
        until=None,
    )
    ends = _ask(
        trace,
        "ends",
        source_arn=source_arn,
        log_group=around.log_group,
        reports=around.settings.mapping.reports_failures,
    )
    delay_s = _delay_s(trace, source_arn)
    begins_at = arrivals["arrived_at"][0]
    at_s = _seconds(arrivals["arrived_at"], begins_at) + delay_s
    joined = arrivals.select("record_id").join(
        ends, on="record_id", how="left", maintain_order="left"
    )
    ended_s = _seconds(joined["ended_at"], begins_at)
    return Observed(
        source_arn=source_arn,
        function_name=around.function_name,
        log_group=around.log_group,
        settings=_with_logged_memory(around.settings, calls, around.assumed),
        assumed=around.assumed,
        traffic=Traffic(
            begins_at,
            at_s,
            # A copy, because arrays that may not be written would be compiled for once more.
            arrivals["event_bytes"].to_numpy().copy(),
            _numbered(arrivals["ordering_key"]),
            _numbered(arrivals["partition_id"]),
            delay_s,
        ),
        age_s=ended_s - at_s + delay_s,
        deliveries=arrivals["deliveries"].to_numpy(),
        failed_attempts=joined["failed"].fill_null(0).to_numpy(),
        invocations=calls.with_columns(
            begins_s=pl.Series(_seconds(calls["begins_at"], begins_at), dtype=pl.Float64)
        ),
        dead_letters=_ask(trace, "dead_letters", source_arn=source_arn).item(),
    )


def _ask(trace: Trace, name: str, **parameters: Any) -> pl.DataFrame:
    return trace.sql(load_statement(__package__, name).text, **parameters)


def _delay_s(trace: Trace, source_arn: str) -> float:
    """DelaySeconds: nobody can receive a message earlier."""
    rows = trace.sql(
        "select delay_s from queues where source_arn = $arn order by observed_at desc limit 1",
        arn=source_arn,
    )
    return float(rows.item() or 0) if len(rows) else 0.0


def _seconds(instants: pl.Series, since: datetime) -> Floats:
    """Seconds since an instant; NaN where there is none."""
    found: Floats = (
        ((instants - since).dt.total_microseconds() / 1_000_000)
        .cast(pl.Float64)
        .fill_null(float("nan"))
        .to_numpy()
    )
    return found


def _numbered(names: pl.Series) -> Integers:
    """The names as numbers, in the order of their text; -1 for none."""
    places = names.rank("dense").cast(pl.Int64) - 1
    found: Integers = places.fill_null(-1).to_numpy()
    return found


def _with_logged_memory(
    settings: Settings, calls: pl.DataFrame, assumed: tuple[str, ...]
) -> Settings:
    """What REPORT lines say of memory, where no configuration was captured."""
    logged = calls["memory_mb"].drop_nulls()
    if logged.is_empty() or not any("memory" in each for each in assumed):
        return settings
    return replace(settings, memory_mb=int(logged[-1]))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1_000
