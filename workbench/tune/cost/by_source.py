"""From what a source carried to the quantities of its bill: one function a service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.tune.cost.functions import LambdaUse, lambda_terms
from workbench.tune.cost.logs import logs_terms
from workbench.tune.cost.queues import IDLE_POLLERS, SqsUse, idle_receives, sqs_terms
from workbench.tune.cost.settings import Consumer, Function, Settings, Stream, group_name
from workbench.tune.cost.streams import (
    OnDemandUse,
    ProvisionedUse,
    on_demand_terms,
    provisioned_terms,
    stream_read_terms,
)
from workbench.tune.cost.terms import MONTH_HOURS, Rates, Term
from workbench.tune.cost.topics import SnsUse, sns_terms
from workbench.tune.dated import DatedTable

RECEIVED_AT_MOST = 10
"""Messages of one ReceiveMessage."""
SHORT_S = 3_600
"""Assumed: from less captured time, a month is no more than an arithmetic exercise."""
Priced = tuple[tuple[Term, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Captured:
    """What one source's capture shows; rows of `carried` and `charged`."""

    source_arn: str
    scale: float | None
    """A month by the captured time; None: there is none."""
    carried: Mapping[str, Any] | None
    charged: Mapping[str, Any] | None

    def month(self, name: str) -> float:
        """A month's quantity of what it carried."""
        return float((self.carried or {}).get(name, 0)) * (self.scale or 0.0)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Everything that a service's function may look at."""

    own: Captured
    every: Mapping[str, Captured]
    settings: Settings
    rates: Rates
    allowed: DatedTable
    is_observed: bool

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        return self.settings.consumers.get(self.own.source_arn, ())


def priced_source(
    own: Captured,
    every: Mapping[str, Captured],
    settings: Settings,
    rates: Rates,
    allowed: DatedTable,
    *,
    is_observed: bool,
) -> Priced:
    """The terms of one source's month, and what is to be said about them all.

    Args:
        own: what it carried.
        every: the same of all sources, by ARN: a queue's calls follow from its function's invocations.
        settings: the captured configuration.
        rates: the prices.
        allowed: the quotas, which hold billing rules.
        is_observed: whether billed durations are those of the REPORT lines.
    """
    price = _BY_SERVICE.get(own.source_arn.split(":")[2])
    if price is None:
        return (), ()
    if own.scale is None:
        unknown = Term("all", None, "", None, None, "captured at one instant: no month follows")
        return (unknown,), ()
    terms, notes = price(_Asked(own, every, settings, rates, allowed, is_observed))
    span_s = MONTH_HOURS * 3600 / own.scale
    short = (f"a month reckoned from {span_s:,.0f} s: too short to stand for one",)
    return terms, (*notes, *(short if span_s < SHORT_S else ()))


def _queue(asked: _Asked) -> Priced:
    own = asked.own
    messages, receipts = own.month("chunks"), own.month("receipts")
    payload = own.month("received_bytes") / asked.rates.needed("sqs", "request_chunk")
    told = _calls(asked)
    calls = min(receipts, max(told, receipts / RECEIVED_AT_MOST)) if told else receipts
    receives = max(calls, payload) if told else own.month("received_chunks")
    per_message = "at most: one message a call, the batches are not known"
    per_batch = (
        "estimated: one call an invocation of the mapped functions, 10 messages a call at most"
    )
    pollers = sum(consumer.minimum_pollers or IDLE_POLLERS for consumer in asked.consumers)
    empty = max(0.0, idle_receives(MONTH_HOURS * 3600, pollers) - calls) if pollers else None
    use = SqsUse(
        sends=messages,
        receives=receives,
        empty_receives=empty,
        deletes=min(calls, own.month("records") - own.month("moved")),
        is_fifo=own.source_arn.endswith(".fifo"),
        fair_requests=own.month("grouped_chunks"),
        poller_hours=MONTH_HOURS * sum(each.minimum_pollers or 0 for each in asked.consumers),
        notes=(
            "at most: one message a call",
            per_batch if told else per_message,
            f"estimated: {pollers} pollers that ask every 20 s, less the receive calls"
            if pollers
            else "no mapping was captured: how often its consumer asks is not known",
            "estimated: one call a receive that brought messages, no more than messages",
        ),
    )
    moved = int((own.carried or {}).get("moved", 0))
    said = f"{moved} captured messages were moved here by SQS: not counted (assumed), their receives were elsewhere"
    return sqs_terms(use, asked.rates), (said,) if moved else ()


def _calls(asked: _Asked) -> float:
    """Receives a month that the mapped functions' invocations tell of; 0 where these were not captured.

    A function that other sources call too would tell of their batches as well: then nothing is told.
    """
    groups = {consumer.log_group for consumer in asked.consumers}
    shared = {
        consumer.log_group
        for arn, consumers in asked.settings.consumers.items()
        for consumer in consumers
        if arn != asked.own.source_arn
    }
    there = [asked.every.get(group) for group in groups]
    if shared & groups or not there or any(each is None or not each.charged for each in there):
        return 0.0
    return sum(
        float(each.charged["invocations"]) * (each.scale or 0.0)
        for each in there
        if each is not None and each.charged is not None
    )


def _topic(asked: _Asked) -> Priced:
    own = asked.own
    published = own.month("chunks")
    protocols = asked.settings.protocols.get(own.source_arn)
    use = SnsUse(
        publishes=published,
        deliveries={each: published * count for each, count in (protocols or {}).items()},
        is_fifo=own.source_arn.endswith(".fifo"),
        payload_bytes=own.month("bytes"),
    )
    said = "every subscription gets every message: filters and retries are not counted"
    return sns_terms(use, asked.rates), (said if protocols else "no subscription was captured",)


def _stream(asked: _Asked) -> Priced:
    own = asked.own
    stream = asked.settings.streams.get(own.source_arn, Stream())
    notes = ["consumers with enhanced fan-out are not in a capture, and not counted"]
    if not stream.is_known:
        notes.append("its capacity mode was not captured: assumed provisioned, kept for 24 h")
    if stream.mode == "ON_DEMAND":
        return _on_demand(asked, stream, notes)
    shards = asked.settings.shards.get(own.source_arn)
    if shards is None:
        shards = int((own.carried or {}).get("partitions", 0))
        notes.append("its shards were not listed: those that records came from are counted")
    stored = _stored(asked, stream.retention_hours, 168)
    use = ProvisionedUse(
        shard_hours=shards * MONTH_HOURS,
        put_units=own.month("put_units"),
        retention_hours=stream.retention_hours,
        stored_bytes_beyond_7_d=stored,
    )
    return provisioned_terms(use, asked.rates), tuple(notes)


def _on_demand(asked: _Asked, stream: Stream, notes: list[str]) -> Priced:
    readers = len(asked.consumers)
    notes.append(f"read by {readers} captured mappings" if readers else "assumed: one reader")
    notes.append(
        "assumed: on-demand standard; Advantage is an account's setting that no capture shows"
    )
    hours = stream.retention_hours
    use = OnDemandUse(
        written_bytes=asked.own.month("rounded_bytes"),
        read_bytes=asked.own.month("bytes") * max(1, readers),
        stored_bytes_beyond_24_h=_stored(asked, min(hours, 168), 24),
        stored_bytes_beyond_7_d=_stored(asked, hours, 168),
    )
    return on_demand_terms(use, asked.rates, asked.allowed), tuple(notes)


def _stored(asked: _Asked, retention_hours: float, beyond_hours: float) -> float:
    """Bytes that lie in the stream at any time, because they are kept longer than what costs nothing more."""
    share = max(0.0, retention_hours - beyond_hours) / MONTH_HOURS
    return asked.own.month("bytes") * share


def _table_stream(asked: _Asked) -> Priced:
    if asked.consumers:
        return stream_read_terms(0.0, True, asked.rates), ()
    said = "no mapping was captured: how often another reader calls GetRecords is not known"
    return stream_read_terms(None, False, asked.rates), (said,)


def _log_group(asked: _Asked) -> Priced:
    own, name = asked.own, group_name(asked.own.source_arn)
    terms: tuple[Term, ...] = ()
    notes: tuple[str, ...] = ()
    if own.charged:
        function = asked.settings.functions.get(name, Function())
        terms, notes = _function(asked, own.charged, function)
    is_lambda = own.charged is not None or name.startswith("/aws/lambda/")
    lines = logs_terms(
        own.month("bytes"), asked.rates, is_lambda, name in asked.settings.infrequent
    )
    return (*terms, *lines), notes


def _function(asked: _Asked, charged: Mapping[str, Any], function: Function) -> Priced:
    counts_init = asked.allowed.value("lambda", "init_billed", asked.rates.at, function.packaging)
    rule = "observed" if asked.is_observed else "with_init" if counts_init else "plain"
    scale = asked.own.scale or 0.0
    storage_gb = max(0.0, function.ephemeral_storage_mb - 512) / 1024
    use = LambdaUse(
        requests=charged["invocations"] * scale,
        gb_seconds=charged[f"{rule}_gb_s"] * scale,
        architecture=function.architecture,
        ephemeral_gb_seconds=charged[f"{rule}_s"] * storage_gb * scale,
    )
    notes = ["provisioned concurrency is not in a capture, and not counted"]
    if not function.is_known:
        notes.append(
            "the function's configuration was not captured: assumed x86_64, a ZIP, 512 MB of /tmp"
        )
    if charged["without_duration"]:
        notes.append(
            f"{charged['without_duration']} invocations logged no duration or memory: requests only"
        )
    return lambda_terms(use, asked.rates), tuple(notes)


_BY_SERVICE: Mapping[str, Callable[[_Asked], Priced]] = {
    "sqs": _queue,
    "sns": _topic,
    "kinesis": _stream,
    "dynamodb": _table_stream,
    "logs": _log_group,
}
