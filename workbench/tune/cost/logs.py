"""What CloudWatch Logs charges for lines that come in, and API Gateway for requests."""

from workbench.tune.cost.terms import GIB, Rates, Term


def logs_terms(
    ingested_bytes: float, rates: Rates, is_lambda: bool = True, is_infrequent: bool = False
) -> tuple[Term, ...]:
    """The term of a month's log lines.

    Args:
        ingested_bytes: UTF-8 bytes of the events.
        rates: the prices.
        is_lambda: Lambda's own logs, whose price has tiers since 2025-05-01.
        is_infrequent: log class Infrequent Access.

    Example:
        >>> from datetime import date
        >>> from workbench.tune.prices import prices
        >>> [term] = logs_terms(10 * GIB, Rates(prices(), date(2026, 1, 1)))
        >>> term.cost
        5.0

    Source: Amazon CloudWatch pricing.
    """
    mode = "infrequent_access" if is_infrequent else "lambda_standard" if is_lambda else "standard"
    return (rates.term("log ingestion", ingested_bytes / GIB, "gb", ("logs", "ingestion", mode)),)


def api_gateway_terms(requests: float, rates: Rates, mode: str = "rest") -> tuple[Term, ...]:
    """The term of a month's API requests, `rest` or `http`.

    Source: Amazon API Gateway pricing.
    """
    return (rates.term("API requests", requests, "requests", ("apigateway", "request", mode)),)
