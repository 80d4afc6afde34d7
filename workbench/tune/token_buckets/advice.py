"""What a throttle refuses of captured requests, beside what was refused, and which throttle the answers tell."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.instants import instant_text, parse_instant
from workbench.trace.sources import source_in_trace, source_name
from workbench.trace.sql import load_statement
from workbench.tune.token_buckets.buckets import SCOPES, Limit, admitted, burst_needed
from workbench.tune.token_buckets.fit import FittedBucket, fit_bucket

TOO_MANY = 429
FEW_REFUSED = 20


@dataclass(frozen=True, slots=True, repr=False)
class Throttle(Summary):
    """What `throttle` found."""

    source_arn: str | None
    limits: tuple[Limit, ...]
    requests: pl.DataFrame
    """One row a request: `requested_at`, `status`, `client`, `method`, `refused_by` (null: it passed)."""
    burst_needed: int | None
    """With the tightest rate for all: the burst that refuses none; None without limits."""
    fit: FittedBucket | None
    notes: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether there were requests to hold against the limits."""
        return self.requests.height > 0

    def document(self) -> dict[str, Any]:
        """The answer as `tune throttle --json` prints it.

        Returns:
            `source_arn`, `from`, `to`, `requests`, `peak_per_second`, `limits`, `accepted`, `refused`, `refused_share`,
            `refused_by` (count by scope), `first_refused_at`, `burst_needed`, `captured` (`known`, `refused`,
            `refused_share`; null: no answers captured), `fit`, `assumed`, `notes`.
        """
        made = self.requests
        refused = made["refused_by"].drop_nulls()
        known = made["status"].drop_nulls()
        times = made.filter(pl.col("refused_by").is_not_null())["requested_at"]
        count = made.height
        captured = int((known == TOO_MANY).sum())
        return {
            "source_arn": self.source_arn,
            "from": instant_text(made["requested_at"][0]) if count else None,
            "to": instant_text(made["requested_at"][-1]) if count else None,
            "requests": count,
            "peak_per_second": self.to_frame()["requests"].max(),
            "limits": [asdict(limit) for limit in self.limits],
            "accepted": count - len(refused),
            "refused": len(refused),
            "refused_share": len(refused) / count if count else None,
            "refused_by": {
                limit.scope: int((refused == limit.scope).sum()) for limit in self.limits
            },
            "first_refused_at": instant_text(times[0]) if len(times) else None,
            "burst_needed": self.burst_needed,
            "captured": {
                "known": len(known),
                "refused": captured,
                "refused_share": captured / len(known),
            }
            if len(known)
            else None,
            "fit": self.fit and asdict(self.fit),
            "assumed": "buckets are full at the first request; a refused request takes no token. AWS's throttle is best"
            " effort: targets, not ceilings",
            "notes": list(self.notes),
        }

    def to_frame(self) -> pl.DataFrame:
        """Requests over time, for a chart.

        Returns:
            One row a second with requests: `at`, `requests`, `accepted`, `rejected` (predicted), `captured_rejected`
            (null where no answer was captured).
        """
        return (
            self.requests.group_by(at=pl.col("requested_at").dt.truncate("1s"))
            .agg(
                requests=pl.len(),
                accepted=pl.col("refused_by").is_null().sum(),
                rejected=pl.col("refused_by").is_not_null().sum(),
                captured_rejected=pl.when(pl.col("status").count() > 0).then(
                    (pl.col("status") == TOO_MANY).sum()
                ),
            )
            .sort("at")
        )

    def _facts(self) -> dict[str, Any]:
        """What the limits let through."""
        refused = self.requests["refused_by"].drop_nulls()
        return {
            "source": self.source_arn and source_name(self.source_arn),
            "limits": [
                f"{each.scope} {each.rate_per_second:g}/s, burst {each.burst:g}"
                for each in self.limits
            ],
            "requests": self.requests.height,
            "refused": len(refused),
            "burst that refuses none": self.burst_needed,
            "fitted rate": self.fit and f"{self.fit.rate_per_second:.3g}/s",
            "fitted burst": self.fit and self.fit.burst,
            "notes": self.notes,
        }


def throttle(
    subject: Trace | pl.DataFrame,
    source: str | None = None,
    *,
    rate_per_second: float | None = None,
    burst: float | None = None,
    limits: Sequence[Limit] = (),
) -> Throttle:
    """Hold requests against API Gateway's token buckets, and tell the buckets from captured answers.

    Args:
        subject: an open trace, or a frame with `requested_at` (instants) and where known `status`, `client`, `method`.
        source: with a trace: an API, the log group of its access log (`logs:NAME`), or any source whose arrivals would
            come through the throttle (`sqs:orders`).
        rate_per_second: of the account's bucket, or of the only one.
        burst: its size; the rate where left out.
        limits: other buckets; each of a scope, met in AWS's order: client_method, method, account, region.

    Returns:
        Who would be refused, beside who was; where refused requests were captured the rate and burst that tell them.

    Raises:
        UsageError: no such source, a limit that nothing passes, or a frame without instants.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> start = datetime(2026, 11, 20, tzinfo=UTC)
        >>> made = pl.DataFrame({"requested_at": [start + timedelta(milliseconds=n) for n in range(10)]})
        >>> throttle(made, rate_per_second=1, burst=4).document()["refused"]
        6

    Source: API Gateway developer guide, "Throttle requests to your REST APIs for better throughput".
    """
    if isinstance(subject, Trace):
        if source is None:
            raise UsageError("wanted the source whose requests to look at, found none: pass source")
        arn: str | None = source_in_trace(subject, source)
        made = subject.sql(load_statement(__package__, "requests").text, source_arn=arn)
    else:
        arn, made = None, _checked(subject)
    ordered = _ordered(limits, rate_per_second, burst)
    at_s = made["requested_at"].dt.epoch("us").to_numpy() / 1e6
    at_s = at_s - at_s[0] if len(at_s) else at_s
    places = admitted(at_s, ordered, [_members(made, limit) for limit in ordered])
    known = made["status"].is_not_null().to_numpy()
    refused = (made["status"] == TOO_MANY).fill_null(value=False).to_numpy()
    fit = fit_bucket(at_s[known], refused[known]) if known.any() else None
    rates = [limit.rate_per_second for limit in ordered]
    return Throttle(
        arn,
        tuple(ordered),
        made.with_columns(
            refused_by=pl.Series(
                [None if place < 0 else ordered[place].scope for place in places.tolist()],
                dtype=pl.String,
            )
        ),
        burst_needed(at_s, min(rates)) if rates else None,
        fit,
        tuple(_notes(made, refused, fit, ordered)),
    )


def _ordered(
    limits: Sequence[Limit], rate_per_second: float | None, burst: float | None
) -> list[Limit]:
    found = list(limits)
    if rate_per_second is not None:
        found.append(Limit("account", rate_per_second, rate_per_second if burst is None else burst))
    elif burst is not None:
        raise UsageError("wanted a rate with the burst, found none: pass rate_per_second (--rate)")
    for limit in found:
        limit.check()
    scopes = [limit.scope for limit in found]
    if len(set(scopes)) < len(scopes):
        raise UsageError(
            f"wanted one limit a scope, found several of {max(scopes, key=scopes.count)}"
        )
    return sorted(found, key=lambda limit: SCOPES.index(limit.scope))


def _members(made: pl.DataFrame, limit: Limit) -> NDArray[np.int64]:
    columns = {"client_method": ["client", "method"], "method": ["method"]}.get(limit.scope)
    if columns is None:
        return np.zeros(made.height, dtype=np.int64)
    names = made.select(pl.concat_str(columns, separator="\0")).to_series().to_list()
    numbers = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all columns, in order of time."""
    if "requested_at" not in frame.columns or not isinstance(
        frame.schema["requested_at"], pl.Datetime
    ):
        raise UsageError(
            "wanted a frame with a column `requested_at` of instants, found"
            f" {', '.join(f'{name} {kind}' for name, kind in frame.schema.items()) or 'no columns'}"
        )
    kinds = {"status": pl.Int64, "client": pl.String, "method": pl.String}
    empty = {"status": None, "client": "", "method": ""}
    columns = [
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(empty[name], kind).alias(name)
        for name, kind in kinds.items()
    ]
    return (
        frame.drop_nulls("requested_at")
        .select(_as_utc(frame), *columns)
        .sort("requested_at", maintain_order=True)
    )


def _as_utc(frame: pl.DataFrame) -> pl.Expr:
    """Instants in UTC; those without a zone are taken as UTC."""
    kind = frame.schema["requested_at"]
    assert isinstance(kind, pl.Datetime), "checked before"
    at = pl.col("requested_at").cast(pl.Datetime("us", kind.time_zone))
    return at.dt.convert_time_zone("UTC") if kind.time_zone else at.dt.replace_time_zone("UTC")


def read_requests(text: str) -> pl.DataFrame:
    r"""Requests out of a CSV with a header.

    Columns are `requested_at` (ISO 8601, or seconds since 1970), and where known `status`, `client`, `method`.

    Raises:
        UsageError: not such a file.

    Example:
        >>> read_requests("requested_at,status\n2026-11-20T10:00:00Z,200\n")["status"].to_list()
        [200]
    """
    try:
        frame = pl.read_csv(text.encode(), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise UsageError(
            f"wanted a CSV of requests with a header, found none: {str(error).splitlines()[0]}"
        ) from error
    if "requested_at" not in frame.columns:
        raise UsageError(
            f"wanted a CSV with a column `requested_at`, found {', '.join(frame.columns)}"
        )
    try:
        frame = frame.with_columns(
            pl.Series("requested_at", [_instant(each) for each in frame["requested_at"]])
        )
        if "status" in frame.columns:
            frame = frame.with_columns(pl.col("status").cast(pl.Int64))
    except (ValueError, TypeError, pl.exceptions.PolarsError) as error:
        raise UsageError(
            f"wanted instants and numbers of status, found others: {str(error).splitlines()[0]}"
        ) from error
    return frame


def _instant(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        return parse_instant(text)


def _notes(
    made: pl.DataFrame,
    refused: NDArray[np.bool_],
    fit: FittedBucket | None,
    limits: Sequence[Limit],
) -> list[str]:
    known = made["status"].count()
    told = {
        "no requests: name an API, the log group of its access log, or a source with arrivals": not made.height,
        "no answers captured: a bucket cannot be told from arrivals alone, and refused requests may be missing;"
        " capture the access log with status and requestTimeEpoch": made.height and not known,
        "none of the captured answers is a 429: the real limits are above what came": known
        and not refused.any(),
        f"{int(refused.sum())} refused requests are few: see the fit's intervals": fit is not None
        and refused.sum() < FEW_REFUSED,
        "no limit given (--rate, --burst): nothing is predicted to be refused": not limits,
        "no clients or methods are told: their limits hold all requests in one bucket": made.height
        and any(limit.scope in ("client_method", "method") for limit in limits)
        and made["method"].n_unique() < 2
        and made["client"].n_unique() < 2,
    }
    return [note for note, holds in told.items() if holds]
