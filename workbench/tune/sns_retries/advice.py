"""The schedule of a delivery policy, which policy captured attempts tell, and what an outage would leave."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace, source_name
from workbench.trace.sql import load_statement
from workbench.tune.sns_retries.fit import Fitted, ranked
from workbench.tune.sns_retries.outage import Outage, after_outage
from workbench.tune.sns_retries.policy import MANAGED, Policy

SHOWN = 200
"""Attempts in the document; `to_frame` has all."""
_KNOWN = {"aws_http": "http", "aws_sqs": "sqs", "aws_email": "email"}


@dataclass(frozen=True, slots=True, repr=False)
class DeliveryPolicy(Summary):
    """What `delivery_policy` found."""

    source_arn: str | None
    policy: Policy | None
    """The one whose schedule is shown; None where nothing tells one."""
    told_by: str
    """`given`, `captured`, a name of AWS's own, `fitted`, or `nothing`."""
    fits: tuple[Fitted, ...]
    """Policies held against captured attempts, the best first."""
    attempts: pl.DataFrame
    """The captured ones, see `attempts.sql`; empty without a trace."""
    outage: Outage | None
    notes: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether there is a schedule."""
        return self.policy is not None

    def document(self) -> dict[str, Any]:
        """The answer as `tune delivery-policy --json` prints it.

        Returns:
            `source_arn`, `policy` (AWS's spelling), `told_by`, `attempts_total`, `total_s`, `attempts` (the first 200:
            `attempt`, `phase`, `delay_s`, `at_s`), `fits`, `captured` (messages, attempts, endpoints), `outage`,
            `assumed`, `notes`.
        """
        policy = self.policy
        return {
            "source_arn": self.source_arn,
            "policy": policy and policy.to_aws(),
            "told_by": self.told_by,
            "attempts_total": policy and policy.retries + 1,
            "total_s": policy and policy.total_s,
            "attempts": self.to_frame().head(SHOWN).to_dicts(),
            "fits": [
                {
                    "name": each.name,
                    "policy": each.policy.to_aws(),
                    "residual": each.residual,
                    "jitter": each.jitter,
                    "explains": each.explains,
                }
                for each in self.fits
            ],
            "captured": {
                "messages": self.attempts.select("endpoint", "message_id").n_unique(),
                "attempts": self.attempts.height,
                "endpoints": sorted(self.attempts["endpoint"].drop_nulls().unique()),
            },
            "outage": self.outage and asdict(self.outage),
            "assumed": "the shape of the four backoff curves, which AWS shows in a picture only; jitter is left out",
            "notes": list(self.notes),
        }

    def to_frame(self) -> pl.DataFrame:
        """The schedule, for a chart.

        Returns:
            One row an attempt: `attempt` (1 is the first delivery), `phase`, `delay_s` (since the attempt before),
            `at_s` (since the first).
        """
        if self.policy is None:
            return schedule(Policy(retries=0)).clear()
        return schedule(self.policy)

    def _facts(self) -> dict[str, Any]:
        """The schedule, and how it is known."""
        policy = self.policy
        return {
            "source": self.source_arn and source_name(self.source_arn),
            "policy": policy and policy.to_aws(),
            "told by": self.told_by,
            "attempts": policy and policy.retries + 1,
            "lasts": policy and f"{policy.total_s:,.0f} s",
            "captured attempts": self.attempts.height,
            "given up in the outage": self.outage and self.outage.given_up,
            "notes": self.notes,
        }


def schedule(policy: Policy) -> pl.DataFrame:
    """The attempts of a policy: `attempt`, `phase`, `delay_s`, `at_s`.

    Example:
        >>> schedule(Policy())["at_s"].to_list()
        [0.0, 20.0, 40.0, 60.0]
    """
    delays = np.concatenate([[0.0], policy.delays_s()])
    return pl.DataFrame(
        {
            "attempt": np.arange(1, len(delays) + 1),
            "phase": ["first", *policy.phases()],
            "delay_s": delays,
            "at_s": np.cumsum(delays),
        }
    )


def delivery_policy(
    subject: Trace | Mapping[str, Any] | str,
    source: str | None = None,
    *,
    policy: Mapping[str, Any] | str | None = None,
    outage_s: float | None = None,
    rate_per_second: float | None = None,
) -> DeliveryPolicy:
    """The retry schedule of a delivery policy, the policy that captured attempts tell, and what an outage would leave.

    Args:
        subject: a policy in AWS's spelling, a protocol whose policy AWS sets (`sqs`, `lambda`, `email`, `sms` …), or an
            open trace.
        source: with a trace, the topic (`sns:orders` or its ARN).
        policy: with a trace, a policy to show and to hold against the attempts instead of the captured one.
        outage_s: how long the endpoint does not answer.
        rate_per_second: messages published; with a trace the captured mean where left out.

    Returns:
        The schedule, the fits and the outage. Attempts are captured where delivery status logging wrote them into a
        captured log group, or where the endpoint's own requests were captured.

    Raises:
        UsageError: a policy that AWS refuses, no such topic, or an outage without a rate.

    Example:
        >>> delivery_policy({"healthyRetryPolicy": {"numRetries": 2}}).to_frame()["at_s"].to_list()
        [0.0, 20.0, 40.0]

    Source: Amazon SNS developer guide, "Amazon SNS message delivery retries", "Amazon SNS message delivery status".
    """
    if isinstance(subject, Trace):
        if source is None:
            raise UsageError(
                "wanted the topic whose attempts to look at, found none: pass source, sns:NAME"
            )
        return _of_topic(subject, _topic(subject, source), policy, outage_s, rate_per_second)
    given = _given(subject if policy is None else policy)
    return DeliveryPolicy(
        None,
        given,
        subject if isinstance(subject, str) and subject in MANAGED else "given",
        (),
        _nothing(),
        _outage(given, outage_s, rate_per_second),
        (),
    )


def _given(policy: Mapping[str, Any] | str) -> Policy:
    return (
        MANAGED[policy]
        if isinstance(policy, str) and policy in MANAGED
        else Policy.from_aws(policy)
    )


def _of_topic(
    trace: Trace,
    topic_arn: str,
    policy: Mapping[str, Any] | str | None,
    outage_s: float | None,
    rate_per_second: float | None,
) -> DeliveryPolicy:
    attempts = trace.sql(load_statement(__package__, "attempts").text, topic_arn=topic_arn)
    captured, notes = _captured_policies(trace, topic_arn)
    known = {**captured, **{name: MANAGED[protocol] for name, protocol in _KNOWN.items()}}
    if policy is not None:
        known = {"given": _given(policy), **known}
    each_s = [
        group["attempted_at"].dt.epoch("us").to_numpy() / 1e6
        for _, group in attempts.group_by("endpoint", "message_id", maintain_order=True)
    ]
    fits = ranked(each_s, known)
    if not attempts.height:
        notes.append(
            "no attempts captured: turn on delivery status logging of the topic and capture its log groups, or capture"
            " what the endpoint received"
        )
    elif not fits:
        notes.append(
            f"{attempts.height} attempts captured, each the only one of its message: no policy shows"
        )
    shown, told_by = _shown(known, captured, fits)
    rate = rate_per_second
    if rate is None and outage_s is not None:
        rate = _mean_rate(attempts)
    return DeliveryPolicy(
        topic_arn,
        shown,
        told_by,
        tuple(fits),
        attempts,
        _outage(shown, outage_s, rate) if shown else None,
        tuple(notes),
    )


def _shown(
    known: Mapping[str, Policy], captured: Mapping[str, Policy], fits: list[Fitted]
) -> tuple[Policy | None, str]:
    if "given" in known:
        return known["given"], "given"
    if captured:
        name = next(iter(captured))
        return captured[name], name
    if fits:
        return fits[0].policy, fits[0].name
    return None, "nothing"


def _captured_policies(trace: Trace, topic_arn: str) -> tuple[dict[str, Policy], list[str]]:
    """Policies that snapshots of the topic and of its subscriptions tell; one that cannot be read is a note."""
    told = trace.sql(
        "select kind, document from resources"
        " where kind in ('get-subscription-attributes', 'get-topic-attributes') and contains(document, $arn)"
        " and contains(document, 'DeliveryPolicy') order by kind, observed_at desc",
        arn=topic_arn,
    )
    found: dict[str, Policy] = {}
    notes: list[str] = []
    for kind, document in told.iter_rows():
        attributes = json.loads(document).get("Attributes") or {}
        if attributes.get("TopicArn") != topic_arn:
            continue
        text = attributes.get("DeliveryPolicy") or attributes.get("EffectiveDeliveryPolicy")
        name = f"captured {attributes.get('SubscriptionArn') or kind}"
        if not text or text == "null" or name in found:
            continue
        try:
            found[name] = Policy.from_aws(text)
        except UsageError as refused:
            notes.append(f"{name}: {refused}")
    return found, notes


def _topic(trace: Trace, source: str) -> str:
    known = trace.sql("select distinct topic_arn from subscriptions where topic_arn is not null")
    named = [arn for arn in known["topic_arn"] if source in (arn, source_name(arn))]
    if len(named) == 1:
        return str(named[0])
    # A topic of which only delivery status logs were captured is known by its whole name alone.
    if source.startswith("arn:") and source.split(":")[2:3] == ["sns"]:
        return source
    arn = source_in_trace(trace, source)
    if arn.split(":")[2:3] != ["sns"]:
        raise UsageError(
            f"wanted a topic, found {source_name(arn)}, which has no delivery policy; name sns:NAME"
        )
    return arn


def _mean_rate(attempts: pl.DataFrame) -> float | None:
    first = attempts.group_by("message_id").agg(pl.col("attempted_at").min())["attempted_at"].sort()
    if len(first) < 2:
        return None
    span_s = float((first[-1] - first[0]).total_seconds())
    return (len(first) - 1) / span_s if span_s else None


def _outage(policy: Policy, outage_s: float | None, rate: float | None) -> Outage | None:
    if outage_s is None:
        return None
    if rate is None:
        raise UsageError(
            "wanted the rate of messages during the outage, found none: pass rate_per_second (--rate)"
        )
    return after_outage(policy, outage_s, rate)


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "endpoint": pl.String,
            "message_id": pl.String,
            "attempted_at": pl.Datetime("us", "UTC"),
            "status": pl.String,
            "told_by": pl.String,
        }
    )
