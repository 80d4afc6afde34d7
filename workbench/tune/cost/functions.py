"""What Lambda charges: requests, duration by the rules of the day, storage, environments kept ready."""

from dataclasses import dataclass
from datetime import date
from math import ceil

from workbench.errors import UsageError
from workbench.tune.cost.terms import Rates, Term
from workbench.tune.dated import DatedTable


@dataclass(frozen=True, slots=True)
class LambdaUse:
    """A month of a function."""

    requests: float
    gb_seconds: float
    """Billed duration times memory, without environments kept ready."""
    architecture: str = "x86_64"
    ephemeral_gb_seconds: float = 0.0
    """Billed duration times /tmp above what is free."""
    provisioned_gb_seconds: float = 0.0
    """Memory of environments kept ready, for as long as they are."""
    provisioned_running_gb_seconds: float = 0.0
    """Billed duration of these times memory."""


def billed_ms(
    duration_ms: float,
    at: date,
    quotas: DatedTable,
    init_ms: float = 0.0,
    packaging: str = "zip",
) -> int:
    """What Lambda bills of one invocation by the rules of a day.

    Args:
        duration_ms: of the handler.
        at: the day: 100 ms steps until 2020-12-01, then 1 ms; initialisation of a ZIP on a managed runtime counts
            since 2025-08-01.
        quotas: where the rules are.
        init_ms: initialisation, of a cold start.
        packaging: `zip` (managed runtime), `image`, `custom_runtime` or `provisioned`.

    Example:
        >>> from workbench.tune.quotas import quotas
        >>> [billed_ms(120.5, date(year, 12, 2), quotas(), init_ms=300) for year in (2016, 2021, 2026)]
        [200, 121, 421]

    Raises:
        UsageError: no such packaging, or no rule for that day.

    Source: AWS Lambda pricing; AWS Compute Blog, AWS Lambda standardizes billing for INIT Phase.
    """
    step = quotas.value("lambda", "billing_step", at)
    if step is None:
        raise UsageError(f"wanted Lambda's billing_step on {at}, found none; put it into your file")
    counts_init = bool(quotas.value("lambda", "init_billed", at, packaging))
    # Rounded first: 0.1 + 0.2 ms must not make a millisecond of floating point.
    return int(ceil(round((duration_ms + init_ms * counts_init) / step, 9)) * step)


def lambda_terms(use: LambdaUse, rates: Rates) -> tuple[Term, ...]:
    """The terms of a function's month.

    Example:
        >>> from workbench.tune.prices import prices
        >>> terms = lambda_terms(LambdaUse(3_000_000, 1_500_000), Rates(prices(), date(2026, 1, 1)))
        >>> [(term.name, round(term.cost, 2)) for term in terms]
        [('requests', 0.6), ('duration', 25.0)]

    Source: AWS Lambda pricing; Lambda Developer Guide, Configuring provisioned concurrency.
    """
    mode = use.architecture
    terms = [
        rates.term("requests", use.requests, "requests", ("lambda", "request", "")),
        rates.term("duration", use.gb_seconds, "gb_seconds", ("lambda", "duration", mode)),
    ]
    for label, quantity, name, of in (
        ("ephemeral storage", use.ephemeral_gb_seconds, "ephemeral_storage", ""),
        ("provisioned concurrency", use.provisioned_gb_seconds, "provisioned_concurrency", mode),
        ("provisioned duration", use.provisioned_running_gb_seconds, "provisioned_duration", mode),
    ):
        if quantity:
            terms.append(rates.term(label, quantity, "gb_seconds", ("lambda", name, of)))
    return tuple(terms)
