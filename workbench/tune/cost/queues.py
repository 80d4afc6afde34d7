"""What SQS charges: every call is a request, an empty one too, and every 64 KB of payload is another."""

from dataclasses import dataclass

from workbench.tune.cost.terms import Rates, Term

LONG_POLL_S = 20.0
"""WaitTimeSeconds of Lambda's poller. Source: Lambda Developer Guide, Using Lambda with Amazon SQS."""
IDLE_POLLERS = 5
"""Pollers of an idle mapping. Source: Lambda Developer Guide, Configuring scaling behavior for SQS mappings."""


@dataclass(frozen=True, slots=True)
class SqsUse:
    """A month of a queue, in requests; None where it is not known."""

    sends: float
    """Of 64 KB."""
    receives: float | None
    """That brought messages, of 64 KB."""
    empty_receives: float | None
    deletes: float | None
    is_fifo: bool = False
    fair_requests: float = 0.0
    """Of a standard queue, those that carry a message group id."""
    poller_hours: float = 0.0
    """Of a provisioned poller."""
    notes: tuple[str, str, str, str] = ("", "", "", "")
    """About sends, receives, empty receives, deletes."""


def idle_receives(
    seconds: float, pollers: int = IDLE_POLLERS, long_poll_s: float = LONG_POLL_S
) -> float:
    """Empty receives of a mapping that finds nothing: each poller asks again when its long poll is over.

    Args:
        seconds: how long.
        pollers: assumed 5, the number a mapping begins with; it may fall to 2.
        long_poll_s: how long one waits.

    Example:
        >>> idle_receives(30 * 86_400)
        648000.0

    Source: Lambda Developer Guide, Using Lambda with Amazon SQS.
    """
    return seconds / long_poll_s * pollers


def sqs_terms(use: SqsUse, rates: Rates) -> tuple[Term, ...]:
    """The terms of a queue's month; the tiers go by all requests together.

    Example:
        >>> from datetime import date
        >>> from workbench.tune.prices import prices
        >>> use = SqsUse(sends=1e6, receives=1e6, empty_receives=648_000, deletes=1e6)
        >>> [round(term.cost, 2) for term in sqs_terms(use, Rates(prices(), date(2026, 1, 1)))]
        [0.4, 0.4, 0.26, 0.4]

    Source: Amazon SQS pricing.
    """
    priced = ("sqs", "request", "fifo" if use.is_fifo else "standard")
    counts = (use.sends, use.receives, use.empty_receives, use.deletes)
    together = sum(count or 0 for count in counts)
    labels = ("sends", "receives", "empty receives", "deletes")
    terms = [
        rates.term(label, count, "requests", priced, note, tiered_by=together)
        for label, count, note in zip(labels, counts, use.notes, strict=True)
    ]
    if use.fair_requests and not use.is_fifo:
        fair = ("sqs", "fair_surcharge", "standard")
        terms.append(rates.term("fair queue surcharge", use.fair_requests, "requests", fair))
    if use.poller_hours:
        poller = ("lambda", "esm_poller_hour", "sqs")
        terms.append(rates.term("provisioned pollers", use.poller_hours, "poller_hours", poller))
    return tuple(terms)
