"""Why a trace cannot tell what consumers did with its records."""

from workbench.questions import Scope
from workbench.trace import Trace


def no_log_names_records(trace: Trace, scope: Scope) -> str | None:
    """The reason; None where logs name records, or where there are no records or no logs to speak of.

    Example:
        >>> no_log_names_records(trace, Scope())  # doctest: +SKIP
        'no log line names a record, so no attempt is known; print the event or log message ids'
    """
    trace.keep("handlings")
    if trace.sql("select 1 from handlings limit 1").height:
        return None
    services = set(trace.sql("select distinct service from records")["service"])
    if "aws:logs" in services and services & {"aws:sqs", "aws:sns", "aws:kinesis", "aws:dynamodb"}:
        return (
            "no log line names a record, so no attempt is known; print the event or log message ids"
        )
    return None
