"""What SNS charges: publishes by 64 KB, and deliveries by protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.tune.cost.terms import GIB, Rates, Term

PROTOCOLS = {"http": "http", "https": "http", "sqs": "sqs", "lambda": "lambda"}
"""Protocols whose deliveries have a price here, and its mode."""


@dataclass(frozen=True, slots=True)
class SnsUse:
    """A month of a topic."""

    publishes: float
    """Of 64 KB."""
    deliveries: Mapping[str, float] = field(default_factory=dict)
    """By protocol, of 64 KB."""
    is_fifo: bool = False
    payload_bytes: float = 0.0
    """Published to a FIFO topic."""


def sns_terms(use: SnsUse, rates: Rates) -> tuple[Term, ...]:
    """The terms of a topic's month.

    Example:
        >>> from datetime import date
        >>> from workbench.tune.prices import prices
        >>> terms = sns_terms(SnsUse(2e6, {"https": 1e6}), Rates(prices(), date(2026, 1, 1)))
        >>> [(term.name, round(term.cost, 2)) for term in terms]
        [('publishes', 1.0), ('deliveries https', 0.6)]

    Source: Amazon SNS pricing.
    """
    mode = "fifo" if use.is_fifo else "standard"
    terms = [rates.term("publishes", use.publishes, "requests", ("sns", "publish", mode))]
    if use.is_fifo:
        payload = ("sns", "publish_payload", "fifo")
        terms.append(rates.term("published payload", use.payload_bytes / GIB, "gb", payload))
    for protocol, count in sorted(use.deliveries.items()):
        label = f"deliveries {protocol}"
        if protocol in PROTOCOLS:
            priced = ("sns", "delivery", PROTOCOLS[protocol])
            terms.append(rates.term(label, count, "requests", priced))
        else:
            note = f"price of deliveries by {protocol} is not known"
            terms.append(Term(label, count, "requests", None, None, note))
    return tuple(terms)
