"""A model of a handler's duration from what its log tells: base, part a record, spread, failures, initialisations.

The part that grows with the batch is told from the base by batches of different sizes only. How far it can be told is
worked out by drawing the invocations again and again (bootstrap); where the answer is "hardly", it says so.

Source: CloudWatch Logs, REPORT lines of Lambda; Efron and Tibshirani, "An Introduction to the Bootstrap" (percentiles).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from workbench.errors import UsageError
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.traffic import Floats, Integers

LEAST_INVOCATIONS = 20
"""Fewer say nothing of a spread."""
WIDEST = 0.5
"""Of the interval of what grows with the batch, as a share of the middle batch's duration; wider is unknown."""
REPLICATES = 200
PERCENTILES = (0.0125, 0.9875)
"""Of the draws, for an interval of 95 %: those at 2.5 and 97.5 held the truth of known handlers in 90 % only."""
DRAWS = 60
"""So many of the draws are kept as models."""
MOST_FITTED = 5_000
"""Invocations that are drawn from: more change the intervals little."""
TABLE = 1_024
CUT = 1.001
"""Times its timeout is how long a batch is taken to last that ended there."""
SHARES: Floats = np.concatenate((np.zeros(1), np.geomspace(1e-5, 1.0, 400)))
"""Tried: what one record adds, as a share of what a batch of one record takes."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model, how sure it is, and what there was to fit it to."""

    model: DurationModel
    base_ms_interval: tuple[float, float]
    """95 %."""
    per_record_ms_interval: tuple[float, float]
    """95 %."""
    is_identifiable: bool
    """Whether base and part a record can be told apart."""
    invocations: int
    notes: tuple[str, ...]
    draws: tuple[DurationModel, ...]
    """What the same invocations, drawn again, give: a decision that any of these would change is not sure."""

    def document(self) -> dict[str, Any]:
        """The fit for programs."""
        model = self.model
        return {
            "base_ms": model.base_ms,
            "base_ms_interval": list(self.base_ms_interval),
            "per_record_ms": model.per_record_ms,
            "per_record_ms_interval": list(self.per_record_ms_interval),
            "is_identifiable": self.is_identifiable,
            "spread_p99": float(np.quantile(model.residuals, 0.99)),
            "init_ms_median": float(np.median(model.init_ms)),
            "record_failure_share": model.record_failure_share,
            "batch_failure_share": model.batch_failure_share,
            "poison_share": model.poison_share,
            "invocations": self.invocations,
            "notes": list(self.notes),
        }


def fit(
    invocations: pl.DataFrame,
    *,
    record_failure_share: float | None = None,
    poison_share: float = 0.0,
    seed: int = 0,
) -> Fitted:
    """The model that explains the invocations.

    Args:
        invocations: `duration_ms, init_ms, status, records`; those without a duration or records are left out.
        record_failure_share: known from elsewhere, where the handler names failures in an answer that succeeds; None to
            take it from the batches that failed.
        poison_share: of the records that fail every time; their failures are taken out of the other's.
        seed: of the bootstrap.

    Returns:
        The model with intervals. Batches that ended at the timeout tell that they are long, not how long: they have no
        say in base and part a record, and in the spread they are a little longer than the timeout, so that they fail.

    Raises:
        UsageError: fewer than 20 invocations with a duration and records that are known.

    Example:
        >>> rows = {"duration_ms": [60.0, 110.0] * 20, "init_ms": [None] * 40, "status": ["success"] * 40}
        >>> round(fit(pl.DataFrame(rows | {"records": [1, 2] * 20})).model.per_record_ms)
        50
    """
    known = invocations.drop_nulls(["duration_ms", "records"]).filter(
        (pl.col("records") > 0) & (pl.col("duration_ms") > 0)
    )
    timed = known.filter(pl.col("status") != "timeout")
    if len(timed) < LEAST_INVOCATIONS:
        raise UsageError(_too_few(invocations, len(timed)))
    took, sizes = timed["duration_ms"].to_numpy(), timed["records"].to_numpy()
    failed = (timed["status"] != "success").to_numpy()
    chosen = _chosen(len(took), seed)
    share = _share(took[chosen], sizes[chosen])
    base, each = _scaled(took, sizes, share)
    inits = timed["init_ms"].drop_nulls().to_numpy()
    cut = known.filter(pl.col("status") == "timeout")
    cut_ms, cut_sizes = cut["duration_ms"].to_numpy(), cut["records"].to_numpy()

    per_batch, per_record = _failures(sizes, failed, poison_share)

    def modelled(
        base: float, each: float, rows: Integers | slice, per_batch: float, per_record: float
    ) -> DurationModel:
        beyond = CUT * cut_ms / (base + each * cut_sizes)
        ratios = took[rows] / (base + each * sizes[rows])
        return DurationModel(
            base_ms=base,
            per_record_ms=each,
            residuals=_table(np.concatenate((ratios, beyond))),
            init_ms=_table(inits) if len(inits) else np.zeros(1),
            record_failure_share=per_record
            if record_failure_share is None
            else record_failure_share,
            batch_failure_share=per_batch,
            poison_share=poison_share,
        )

    redrawn = _redrawn(took[chosen], sizes[chosen], seed)
    growth_from, growth_to = np.quantile(redrawn.growth(float(np.median(sizes))), PERCENTILES)
    distinct = len(np.unique(sizes))
    is_identifiable = distinct > 1 and bool(growth_to - growth_from <= WIDEST)
    notes = [] if is_identifiable else [_not_apart(sizes, distinct)]
    if len(cut):
        notes.append(f"{len(cut)} invocations ended at the timeout: longer durations are not known")
    failures = _drawn_failures(per_batch, per_record, len(sizes), int(sizes.sum()), seed)
    return Fitted(
        modelled(base, each, slice(None), per_batch, per_record),
        _interval(redrawn.bases_ms),
        _interval(redrawn.eaches_ms),
        is_identifiable,
        len(timed),
        tuple(notes),
        tuple(
            modelled(
                float(redrawn.bases_ms[at]), float(redrawn.eaches_ms[at]), chosen[rows], *shares
            )
            for at, (rows, shares) in enumerate(zip(redrawn.rows, failures, strict=True))
        ),
    )


@dataclass(frozen=True, slots=True)
class _Redrawn:
    """One place a draw of the same invocations."""

    bases_ms: Floats
    eaches_ms: Floats
    rows: tuple[Integers, ...]
    """Which invocations the first draws have."""

    def growth(self, records: float) -> Floats:
        """What grows with the batch, as a share of the duration of such a batch."""
        return self.eaches_ms * records / (self.bases_ms + self.eaches_ms * records)


def _share(took: Floats, sizes: Integers) -> float:
    """What one record adds, as a share of a batch of one: where the spread of logarithms is least."""
    logs = np.log(took)

    def spread(share: float) -> float:
        return float(np.var(logs - np.log(1.0 - share + share * sizes)))

    tried = [spread(float(share)) for share in SHARES]
    best = int(np.argmin(tried))
    low, high = SHARES[max(best - 1, 0)], SHARES[min(best + 1, len(SHARES) - 1)]
    found = minimize_scalar(spread, bounds=(float(low), float(high)), method="bounded")
    return float(found.x) if found.fun <= tried[best] else float(SHARES[best])


def _scaled(took: Floats, sizes: Integers, share: float) -> tuple[float, float]:
    """Base and part a record, so that half of the durations are longer."""
    one = float(np.median(took / (1.0 - share + share * sizes)))
    return one * (1.0 - share), one * share


def _redrawn(took: Floats, sizes: Integers, seed: int) -> _Redrawn:
    """Base and part a record in draws of the same invocations."""
    random = np.random.default_rng(seed)
    count = len(took)
    distinct, of_size = np.unique(sizes, return_inverse=True)
    shapes = np.log(1.0 - SHARES[:, None] + SHARES[:, None] * distinct)
    logs = np.log(took)
    bases, eaches = np.empty(REPLICATES), np.empty(REPLICATES)
    rows: list[Integers] = []
    for number in range(REPLICATES):
        drawn = random.integers(0, count, count)
        weights = np.bincount(of_size[drawn], minlength=len(distinct))
        summed = np.bincount(of_size[drawn], weights=logs[drawn], minlength=len(distinct))
        # The variance of log(duration) - shape, for all shares at once, from sums by size.
        mean = (summed.sum() - shapes @ weights) / count
        squares = shapes**2 @ weights - 2 * shapes @ summed
        share = float(SHARES[int(np.argmin(squares / count - mean**2))])
        bases[number], eaches[number] = _scaled(took[drawn], sizes[drawn], share)
        rows += [drawn] if number < DRAWS else []
    return _Redrawn(bases, eaches, tuple(rows))


def _failures(
    sizes: Integers, failed: NDArray[np.bool_], poison_share: float
) -> tuple[float, float]:
    """Chance that a batch fails of itself, and that a record makes it fail: whichever explains the failures better."""
    if not failed.any():
        return 0.0, 0.0
    distinct, of_size = np.unique(sizes, return_inverse=True)
    fell = np.bincount(of_size, weights=failed)
    stood = np.bincount(of_size) - fell
    shares = np.concatenate((np.geomspace(1e-7, 0.99, 400), [1.0 - 1e-9]))
    survives = np.power.outer((1.0 - shares) * (1.0 - poison_share), distinct)
    chance = np.clip(1.0 - survives, 1e-12, 1.0 - 1e-12)
    likely = np.log(chance) @ fell + np.log(1.0 - chance) @ stood
    flat = float(failed.mean())
    flat_likely = failed.sum() * np.log(flat) + (~failed).sum() * np.log(max(1.0 - flat, 1e-12))
    best = int(np.argmax(likely))
    if poison_share == 0.0 and flat_likely > likely[best]:
        return flat, 0.0
    return 0.0, float(shares[best]) if shares[best] > shares[0] else 0.0


def _drawn_failures(
    per_batch: float, per_record: float, batches: int, records: int, seed: int
) -> list[tuple[float, float]]:
    """Shares of failing batches and records that the capture allows: what never failed in it may yet fail.

    Drawn from the distribution that Jeffreys' prior leaves. Where nothing failed, half are of batches, half of records.
    """
    random = np.random.default_rng((seed, 1))
    found = []
    for number in range(DRAWS):
        of_records = per_record > 0.0 or (per_batch == 0.0 and number % 2 == 0)
        count, share = (records, per_record) if of_records else (batches, per_batch)
        failed = share * count
        drawn = float(random.beta(failed + 0.5, max(count - failed, 0.0) + 0.5))
        found.append((0.0, drawn) if of_records else (drawn, 0.0))
    return found


def _table(values: Floats) -> Floats:
    """The values' distribution in at most so many ascending numbers."""
    ordered = np.sort(values)
    if len(ordered) <= TABLE:
        return ordered
    return np.quantile(ordered, np.linspace(0.0, 1.0, TABLE))


def _chosen(count: int, seed: int) -> Integers:
    if count <= MOST_FITTED:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, MOST_FITTED, replace=False))


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, PERCENTILES)
    return float(low), float(high)


def _too_few(invocations: pl.DataFrame, usable: int) -> str:
    if invocations["duration_ms"].null_count() == len(invocations):
        found = "no REPORT lines: capture the function's log group"
    elif invocations["records"].null_count() == len(invocations):
        found = "no line that names the records of a request: print the event, or their ids, and capture again"
    else:
        found = f"{usable}: capture for longer"
    return (
        f"wanted {LEAST_INVOCATIONS} invocations with a duration and known records, found {found}"
    )


def _not_apart(sizes: Integers, distinct: int) -> str:
    """Why base and part a record are not known, and which replays would tell."""
    seen = (
        f"all batches had {int(sizes[0])} records"
        if distinct == 1
        else "batch sizes hardly vary, or vary less than durations"
    )
    return (
        f"{seen}: what a batch takes and what a record adds cannot be told apart; other batch sizes are not predicted. "
        "Replays with --batch-size 1, 2, 5, 10, 20, 50 and 100, in turn and 20 times each, would tell"
    )
