"""`counterfactual`: would it have happened with other settings, on the same arrivals with the same luck?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.tune.backtest import BackTest
from workbench.tune.observed import Observed, observe
from workbench.tune.search.candidates import changed, parse_vary
from workbench.tune.search.measures import said
from workbench.tune.search.model import modelled, settled
from workbench.tune.simulate.simulated import DEAD_LETTERED, DISCARDED, EXPIRED, Simulated


@dataclass(frozen=True, slots=True, repr=False)
class Counterfactual(Summary):
    """What happened, what the model makes of it, and what it makes of other settings."""

    observed: Observed
    changes: Mapping[str, Any]
    tested: BackTest | None
    before: Simulated | None
    after: Simulated | None
    reason: str | None
    """Why it cannot be said."""

    @property
    def tested_accepted(self) -> bool:
        """Whether the model reproduces the capture: only then is anything said."""
        return self.tested is not None and self.tested.accepted

    @property
    def spared(self) -> int:
        """Records that were delivered again as captured, and would not have been as changed."""
        if self.before is None or self.after is None:
            return 0
        return int(((self.before.deliveries > 1) & (self.after.deliveries == 1)).sum())

    @property
    def sentence(self) -> str:
        """The answer."""
        if self.before is None or self.after is None or self.tested is None:
            return f"it cannot be said: {self.reason}"
        before, after = _figures(self.before), _figures(self.after)
        said = ", ".join(f"{name}={value}" for name, value in self.changes.items())
        return (
            f"with {said}: {after['extra_deliveries']:,} deliveries beyond the first instead of"
            f" {before['extra_deliveries']:,}, {after['given_up']:,} records given up instead of"
            f" {before['given_up']:,},"
            f" p99 age {_seconds(after['p99_age_s'])} instead of {_seconds(before['p99_age_s'])};"
            f" {self.spared:,} records would not have come again (misfit of the model {self.tested.misfit:.2f})"
        )

    def document(self) -> dict[str, Any]:
        """The answer as `tune counterfactual --json` prints it; null where it cannot be said."""
        seen = self.observed
        return {
            "source_arn": seen.source_arn,
            "changes": dict(self.changes),
            "sentence": self.sentence,
            "backtest": self.tested.document() if self.tested else None,
            "observed": {
                "extra_deliveries": int(np.maximum(seen.deliveries - 1, 0).sum()),
                "given_up": seen.dead_letters,
                "p50_age_s": seen.age_quantile_s(0.5),
                "p99_age_s": seen.age_quantile_s(0.99),
            },
            "as_captured": _figures(self.before) if self.before else None,
            "as_changed": _figures(self.after) if self.after else None,
            "spared_records": self.spared if self.before else None,
            "reason": self.reason,
        }

    def _sentences(self) -> tuple[str, ...]:
        return (self.sentence,)

    def _facts(self) -> dict[str, Any]:
        """What was changed, and how far the model is from what was captured."""
        return {
            "source": source_name(self.observed.source_arn),
            "changes": self.changes,
            "records spared": self.spared if self.before else None,
            "misfit": self.tested and self.tested.misfit,
            "model accepted": self.tested_accepted,
        }


def counterfactual(
    trace: Trace,
    source: str,
    changes: Mapping[str, Any],
    function: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    seed: int = 0,
) -> Counterfactual:
    """Whether it would have happened with other settings.

    Args:
        trace: an open trace.
        source: a queue or stream.
        changes: settings by name, such as `{"visibility_timeout_s": 180, "maximum_concurrency": 50}`.
        function: name or ARN of the function; None where the source has one only.
        since: only what came from then on.
        until: only what came up to then.
        seed: of chance.

    Returns:
        Both simulations beside what was observed. Every record has the same luck in both. Nothing is said where the
        model does not reproduce the capture.

    Raises:
        UsageError: no changes, no such setting, or one that AWS would refuse.

    Example:
        >>> counterfactual(trace, "sqs:payments", {"visibility_timeout_s": 180}).sentence  # doctest: +SKIP
    """
    if not changes:
        raise UsageError("wanted a setting to change, found none; name one: VisibilityTimeout=180")
    seen = observe(trace, source, function, since, until)
    other = changed(seen.settings, changes)
    found = modelled(seen, seed)
    if isinstance(found, str):
        return Counterfactual(seen, changes, None, None, None, found)
    if not found.tested.accepted:
        return Counterfactual(seen, changes, found.tested, None, None, found.tested.reason)
    other = changed(found.tested.settings, changes)
    before, after = (
        settled(seen.traffic, settings, found.fitted.model, seed)
        for settings in (found.tested.settings, other)
    )
    return Counterfactual(seen, changes, found.tested, before, after, None)


def parse_changes(chosen: Sequence[str]) -> dict[str, Any]:
    """What `--set VisibilityTimeout=180` changes.

    Raises:
        UsageError: not of that form, or several values.

    Example:
        >>> parse_changes(["VisibilityTimeout=180"])
        {'visibility_timeout_s': 180}
    """
    found = parse_vary(chosen)
    for name, values in found.items():
        if len(values) != 1:
            raise UsageError(f"wanted one value for {name}, found {len(values)}")
    return {name: values[0] for name, values in found.items()}


def _figures(simulated: Simulated) -> dict[str, Any]:
    given_up = sum(
        int((simulated.fate == fate).sum()) for fate in (DEAD_LETTERED, DISCARDED, EXPIRED)
    )
    ages = (simulated.age_quantile_s(share) for share in (0.5, 0.99))
    median, tail = (None if np.isnan(age) else age for age in ages)
    return {
        "extra_deliveries": simulated.duplicates,
        "overlapping": simulated.overlapping,
        "given_up": given_up,
        "p50_age_s": median,
        "p99_age_s": tail,
        "most_at_once": int(simulated.concurrency()[1].max(initial=0)),
    }


def _seconds(value: float | None) -> str:
    return "never" if value is None else said("p99_age_ms", value * 1_000)
