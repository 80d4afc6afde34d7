"""fanout: publishes against subscriptions, what should have come and what came."""

from workbench.measures.measure import Measure
from workbench.questions import Scope
from workbench.trace import Trace
from workbench.trace.sql import load_statement


def _unable(trace: Trace, scope: Scope) -> str | None:
    if trace.sql(
        "select count(*) from subscriptions where is_told_whole and protocol = 'sqs'"
    ).item():
        return None
    return "no subscription of a queue is known with its filter policy; import `aws sns get-subscription-attributes`"


FANOUT = Measure(
    name="fanout",
    statement=load_statement(__package__, "fanout"),
    definition=(
        "Of each subscription of a queue: the publishes seen anywhere, those its filter policy lets through, and those"
        " that the capture shows in the queue."
    ),
    unable=_unable,
)
"""Source: SNS developer guide, "Amazon SNS message filtering"."""
