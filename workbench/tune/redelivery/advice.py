"""How a queue's visibility timeout and maxReceiveCount should be set, from what a capture shows."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.tune.cost.terms import Rates
from workbench.tune.prices import prices
from workbench.tune.redelivery.evidence import Evidence, queue_in_trace, read_evidence
from workbench.tune.redelivery.model import batch_failure, record_failure, wilson
from workbench.tune.redelivery.prediction import Candidate, Prediction, predict
from workbench.tune.redelivery.requests import POLLERS, batching, polling
from workbench.tune.redelivery.rule import (
    LEAST_RECEIVES,
    RECEIVES_MOST,
    VISIBILITY_MOST_S,
    advised_visibility_s,
    rule_document,
)

FEW_INVOCATIONS = 30
MOST_UNLUCKY = 1e-4
"""Share of healthy messages that may be moved to the dead-letter queue by bad luck. Assumed."""
_RECEIVES = (3, LEAST_RECEIVES, 10)
_NO_PRICE = "the price of requests in this Region is not known here: what they cost stays blank; give it with --price"
_MISFIT_LEAST, _MISFIT_MOST = 0.8, 1.25
"""Where predicted deliveries are so many times those observed, the advice says so. Assumed."""
_QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)


@dataclass(frozen=True, slots=True, repr=False)
class VisibilityAdvice(Summary):
    """What `visibility` found."""

    source_arn: str
    observed: dict[str, Any]
    current: dict[str, Any]
    candidates: tuple[Candidate, ...]
    recommended: dict[str, Any] | None
    """None where no function timeout and no durations are known."""
    rule: dict[str, Any]
    polling: dict[str, Any]
    batching: dict[str, Any]
    coupling: dict[str, Any]
    notes: tuple[str, ...]
    backtest: dict[str, Any] | None
    """The current setting's prediction beside what was observed; None where one of them is not known."""
    is_complete: bool
    """Whether durations were there to predict from; else only rules and prices are told."""

    def document(self) -> dict[str, Any]:
        """The advice as `tune visibility --json` prints it; null is unknown."""
        return {
            "source_arn": self.source_arn,
            "observed": self.observed,
            "current": self.current,
            "candidates": [asdict(each) for each in self.candidates],
            "recommended": self.recommended,
            "rule": self.rule,
            "polling": self.polling,
            "batching": self.batching,
            "coupling": self.coupling,
            "backtest": self.backtest,
            "notes": list(self.notes),
        }

    def to_frame(self) -> pl.DataFrame:
        """The candidates, for a chart of duplicates and dead letters against the visibility timeout.

        Returns:
            One row a candidate, sorted by `max_receive_count` and `visibility_timeout_s`: the fields of `Candidate`.
        """
        return pl.DataFrame(
            [asdict(each) for each in self.candidates], schema=Candidate.SCHEMA
        ).sort("max_receive_count", "visibility_timeout_s")

    def _facts(self) -> dict[str, Any]:
        """The recommendation beside what is set, and how near the prediction is to what was observed."""
        best = self.recommended
        return {
            "source": source_name(self.source_arn),
            "visibility timeout": f"{self.current.get('visibility_timeout_s')} s now"
            + (f", {best['visibility_timeout_s']:g} s recommended" if best else ""),
            "max receive count": best and best.get("max_receive_count"),
            "messages": self.observed.get("messages"),
            "invocations": self.observed.get("invocations"),
            "predicted over observed deliveries": (self.backtest or {}).get("deliveries_ratio"),
            "candidates": len(self.candidates),
            "notes": self.notes,
        }


def visibility(
    trace: Trace,
    source: str,
    visibility_timeout_s: float | Sequence[float] | None = None,
    max_receive_count: int | Sequence[int] | None = None,
    *,
    waive_rule: bool = False,
    timeout_s: float | None = None,
    poller_wait_s: float | None = None,
    duplicate_cost_s: float = 3_600.0,
    usd_per_million_requests: float | None = None,
    pollers: int = POLLERS,
    seed: int = 0,
    today: date | None = None,
) -> VisibilityAdvice:
    """Predict duplicates and dead letters of a queue for visibility timeouts and receive counts, beside those observed.

    An attempt lasts from receipt to the function's end: the wait for a batch, an initialisation, the handler. One that
    lasts longer than the visibility timeout brings the message again. Attempts are taken as independent, but for
    messages that fail every attempt. The recommendation is where duplicates and waiting together cost least, with AWS's
    rule (six times the function timeout, and the window) as a floor.

    Args:
        trace: an open trace.
        source: the queue, by ARN or as in a capture (`sqs:orders`).
        visibility_timeout_s: seconds to look at; None for a grid with the current and AWS's.
        max_receive_count: counts to look at; None for the current, 3, 5 and 10.
        waive_rule: let the recommendation be below AWS's rule; never below the function timeout, which Lambda refuses.
        timeout_s: function timeout, where the capture does not tell it or another is planned.
        poller_wait_s: from receipt to the invocation. Assumed: the whole window, as of a batch's first message.
        duplicate_cost_s: as many seconds of waiting of one message as one duplicate is worth. Assumed.
        usd_per_million_requests: price of requests; None for the list price of the queue's Region.
        pollers: of the mapping, for the price of polling; five when there is little to do.
        seed: of the intervals' resampling.
        today: whose list price; None: the current day.

    Returns:
        The advice; `is_complete` is False where the capture has no durations to predict from.

    Raises:
        UsageError: no such queue, or a setting that SQS would refuse.

    Example:
        >>> visibility(trace, source="sqs:orders").recommended["visibility_timeout_s"]  # doctest: +SKIP
        180

    Source: Amazon SQS developer guide, "Amazon SQS visibility timeout"; Lambda developer guide, "Using Lambda with
    Amazon SQS".
    """
    wanted_s = _checked(visibility_timeout_s, 0, VISIBILITY_MOST_S, "visibility timeout", " s")
    wanted_receives = _checked(max_receive_count, 1, RECEIVES_MOST, "maxReceiveCount", "")
    if duplicate_cost_s < 0 or pollers < 1 or (timeout_s is not None and timeout_s <= 0):
        raise UsageError("wanted a cost of 0 or more, a poller and a timeout above 0, found less")
    evidence = read_evidence(trace, queue_in_trace(trace, source))
    there = evidence.current
    timeout_s = timeout_s if timeout_s is not None else there.timeout_s
    window_s = float(there.window_s or 0)
    model = predict(evidence, timeout_s, window_s, poller_wait_s, duplicate_cost_s, seed)
    counts: list[int | None] = [int(each) for each in wanted_receives]
    receives = counts or _receives_to_try(there.max_receive_count, there.dead_letter_arn)
    recommended, notes = _recommendation(evidence, model, timeout_s, waive_rule)
    if recommended and not wanted_receives and recommended["max_receive_count"] not in receives:
        receives = [*receives, recommended["max_receive_count"]]
    observed = _observed(evidence)
    backtest = _backtest(evidence, model, observed)
    if backtest and not _MISFIT_LEAST < backtest["deliveries_ratio"] < _MISFIT_MOST:
        notes.append(
            f"the current setting is predicted {backtest['deliveries_ratio']:.2f} times the deliveries observed:"
            " attempts at one message are not independent here, or the setting was changed"
        )
    seconds = wanted_s or _seconds_to_try(evidence, model, recommended)
    usd = usd_per_million_requests
    if usd is None:
        usd = _listed_price(evidence.source_arn, there.is_fifo, today)
        notes += [] if usd is not None else [_NO_PRICE]
    return VisibilityAdvice(
        source_arn=evidence.source_arn,
        observed=observed,
        current={**asdict(there), "log_groups": list(there.log_groups)},
        candidates=tuple(model.candidate(each, count) for count in receives for each in seconds),
        recommended=recommended,
        rule=rule_document(timeout_s, window_s, waive_rule),
        polling=polling(pollers, usd),
        batching=batching(evidence.messages, usd),
        coupling=_coupling(evidence, model),
        notes=(*_missing(evidence, timeout_s), *notes),
        backtest=backtest,
        is_complete=model.attempts is not None,
    )


def _listed_price(source_arn: str, is_fifo: bool, today: date | None) -> float | None:
    rates = Rates(prices(), today or datetime.now(UTC).date(), source_arn.split(":")[3])
    return rates.value("sqs", "request", "fifo" if is_fifo else "standard")


def _checked(
    value: float | Sequence[float] | None, least: float, most: float, what: str, unit: str
) -> list[float]:
    values = [] if value is None else [value] if isinstance(value, int | float) else list(value)
    for each in values:
        if not least <= each <= most or each != int(each):
            raise UsageError(
                f"wanted a {what} that SQS takes, a whole number of {least} to {most:,}{unit}, found {each}"
            )
    return sorted({float(each) for each in values})


def _receives_to_try(current: int | None, dead_letter_arn: str | None) -> list[int | None]:
    found = sorted({*_RECEIVES, *([current] if current else [])})
    return [*found] if dead_letter_arn or current else [None, *found]


def _seconds_to_try(
    evidence: Evidence, model: Prediction, recommended: dict[str, Any] | None
) -> list[float]:
    """The current setting, the recommended ones, the function timeout, and where the durations' quantiles lie."""
    found = [evidence.current.visibility_timeout_s, model.timeout_s]
    if recommended:
        found += [recommended["visibility_timeout_s"], recommended["without_rule_s"]]
    if model.timeout_s is not None:
        found += [model.timeout_s / 2, 2 * model.timeout_s]
        found.append(advised_visibility_s(model.timeout_s, model.window_s))
    if model.attempts is not None:
        found += [float(each) for each in np.quantile(np.ceil(model.attempts.seen_s), _QUANTILES)]
    found += [30.0] if not any(found) else []
    return sorted({min(float(np.ceil(each)), VISIBILITY_MOST_S) for each in found if each})


def _recommendation(
    evidence: Evidence, model: Prediction, timeout_s: float | None, waived: bool
) -> tuple[dict[str, Any] | None, list[str]]:
    best = model.cheapest_s()
    if best is None and timeout_s is None:
        return None, []
    notes: list[str] = []
    rule = None if timeout_s is None else advised_visibility_s(timeout_s, model.window_s)
    chosen = max(best or 0.0, rule or 0.0) if not waived else (best or rule or 0.0)
    chosen = min(chosen, VISIBILITY_MOST_S)
    if best is not None and rule is not None and rule > 2 * best:
        notes.append(
            f"AWS's rule asks for {rule:g} s; duplicates and waiting cost least at {best:g} s."
            f" With the rule a message whose attempt crashed waits {rule:g} s for the next. waive_rule (--waive-rule)"
            " takes the shorter one; the rule's room is for batches that Lambda throttles"
        )
    receives = model.fewest_receives(chosen, MOST_UNLUCKY, 1 if waived else LEAST_RECEIVES)
    return {
        "visibility_timeout_s": int(np.ceil(chosen)),
        "max_receive_count": receives,
        "without_rule_s": None if best is None else int(best),
        "predicted": _plain(model.candidate(float(np.ceil(chosen)), receives)),
        "change": _change(evidence, int(np.ceil(chosen)), receives),
    }, notes


def _plain(candidate: Candidate) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in asdict(candidate).items()
    }


def _change(evidence: Evidence, seconds: int, receives: int) -> str:
    """The call that sets it; the redrive policy only where a dead-letter queue is known."""
    _, partition, _, region, account, name = evidence.source_arn.split(":", 5)
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    attributes = {"VisibilityTimeout": str(seconds)}
    if target := evidence.current.dead_letter_arn:
        attributes["RedrivePolicy"] = json.dumps(
            {"deadLetterTargetArn": target, "maxReceiveCount": receives}
        )
    return (
        f"aws sqs set-queue-attributes --queue-url https://sqs.{region}.{domain}/{account}/{name}"
        f" --attributes {shlex.quote(json.dumps(attributes))}"
    )


def _observed(evidence: Evidence) -> dict[str, Any]:
    """What really happened: per message that was captured (receives) or that logs tell of (attempts)."""
    messages, tries, attempts = evidence.messages, evidence.tries, evidence.attempts
    received = messages["receives"].drop_nulls()
    retries = pl.min_horizontal("failed", pl.col("attempts") - 1)
    known = tries.select(
        extra=(pl.col("attempts") - 1 - retries).mean(),
        retried=retries.mean(),
        overlapping=pl.col("overlapping").mean(),
        tried=pl.col("attempts").mean(),
    ).row(0, named=True)
    again = int((received > 1).sum())
    letters = evidence.dead_letters
    total = max(messages.height, tries.height, letters or 0)
    return {
        "messages": messages.height,
        "handled_messages": tries.height,
        "invocations": attempts.height,
        "failed_invocations": evidence.failed,
        "failed_share": wilson(evidence.failed, attempts.height).document()
        if attempts.height
        else None,
        "duration_s": {
            f"p{100 * quantile:g}": _seconds(attempts["duration_ms"].quantile(quantile, "linear"))
            for quantile in _QUANTILES
        },
        "deliveries_per_message": known["tried"] if tries.height else received.clip(1).mean(),
        "extra_deliveries_per_message": known["extra"],
        "retries_per_message": known["retried"],
        "overlapping_per_message": known["overlapping"],
        "redelivered_messages": again if len(received) else None,
        "redelivered_share": wilson(again, len(received)).document() if len(received) else None,
        "dead_letters": letters,
        "dead_letter_share": wilson(min(letters, total), total).document()
        if letters is not None and total
        else None,
    }


def _backtest(
    evidence: Evidence, model: Prediction, observed: dict[str, Any]
) -> dict[str, Any] | None:
    """No advice without how well its model tells what happened."""
    there = evidence.current
    if there.visibility_timeout_s is None or not observed["handled_messages"]:
        return None
    now = model.candidate(there.visibility_timeout_s, there.max_receive_count)
    if now.deliveries_per_message is None:
        return None
    names = (
        "deliveries_per_message",
        "extra_deliveries_per_message",
        "retries_per_message",
        "overlapping_per_message",
    )
    letters = (observed["dead_letter_share"] or {}).get("share")
    return {
        "predicted": {
            **{name: getattr(now, name) for name in names},
            "dead_letter_share": now.dead_letter_share,
        },
        "observed": {**{name: observed[name] for name in names}, "dead_letter_share": letters},
        "deliveries_ratio": now.deliveries_per_message / observed["deliveries_per_message"],
    }


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1_000


def _coupling(evidence: Evidence, model: Prediction) -> dict[str, Any]:
    """What one bad message does to its batch."""
    records = evidence.records_per_batch
    reports = evidence.current.reports_failures
    alone = model.failing if reports else record_failure(model.failing, records)
    return {
        "records_per_batch": records,
        "reports_batch_item_failures": reports,
        "record_failure": alone,
        "with_partial_responses": alone,
        "without_partial_responses": batch_failure(alone, records),
    }


def _missing(evidence: Evidence, timeout_s: float | None) -> list[str]:
    """What the capture does not hold, and what that leaves unsaid."""
    there, attempts = evidence.current, evidence.attempts.height
    untied = evidence.attempts["messages"].null_count()
    groups = ", ".join(there.log_groups)
    told = {
        "no event source mapping of this queue and no log that names its messages: capture the mapping"
        " (get-event-source-mapping) and the function's logs to predict from durations": not groups,
        f"no REPORT line in {groups}: duplicates cannot be predicted; rules and prices can": groups
        and not attempts,
        f"{attempts} invocations are few: the intervals are wide, and the advice leans on the function timeout": (
            0 < attempts < FEW_INVOCATIONS
        ),
        "no attributes of the queue (get-queue-attributes): its current setting is not known": (
            there.visibility_timeout_s is None
        ),
        "no configuration of the function (get-function-configuration): AWS's rule needs its timeout; pass timeout_s": (
            timeout_s is None
        ),
        "no log line names a message: overlaps and messages that fail every attempt are not known; failures are those"
        " of invocations": attempts and not evidence.tries.height,
        f"{untied} of {attempts} invocations are of no captured message: each is taken as one message; what was"
        " observed per message is of the captured ones alone": evidence.tries.height and untied,
        "the dead-letter queue was not captured: dead letters are predicted only": there.dead_letter_arn
        and evidence.dead_letters is None,
        "several functions read this queue: their attempts are taken together": len(
            there.log_groups
        )
        > 1,
        "FIFO: a message that is tried again keeps its group waiting, see group_blocked_s_per_message": (
            there.is_fifo
        ),
    }
    return [note for note, holds in told.items() if holds]
