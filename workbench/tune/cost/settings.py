"""What the captured configuration says that a price depends on: capacity mode, architecture, protocols, consumers."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.trace import Trace

ASKED = (
    "get-function-configuration",
    "describe-stream",
    "describe-stream-summary",
    "describe-log-groups",
)


@dataclass(frozen=True, slots=True)
class Consumer:
    """An event source mapping."""

    log_group: str
    minimum_pollers: int | None
    """Of its ProvisionedPollerConfig; None: pollers are not provisioned."""


@dataclass(frozen=True, slots=True)
class Function:
    """Of a function, what its price depends on; AWS's defaults where its configuration was not captured."""

    architecture: str = "x86_64"
    packaging: str = "zip"
    ephemeral_storage_mb: int = 512
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """Of a stream, what its price depends on."""

    mode: str = "PROVISIONED"
    retention_hours: int = 24
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The newest captured configuration, by source."""

    functions: Mapping[str, Function] = field(default_factory=dict)
    """By the name of the log group."""
    streams: Mapping[str, Stream] = field(default_factory=dict)
    infrequent: frozenset[str] = frozenset()
    """Names of log groups of class INFREQUENT_ACCESS."""
    consumers: Mapping[str, tuple[Consumer, ...]] = field(default_factory=dict)
    protocols: Mapping[str, Counter[str]] = field(default_factory=dict)
    """Confirmed subscriptions of a topic, by protocol."""
    shards: Mapping[str, int] = field(default_factory=dict)
    """Open shards of a stream."""


def group_name(log_group_arn: str) -> str:
    """The name of a log group.

    Example:
        >>> group_name("arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge:*")
        '/aws/lambda/charge'
    """
    return log_group_arn.partition(":log-group:")[2].removesuffix(":*")


def read_settings(trace: Trace) -> Settings:
    """The settings of all sources of a trace; a later snapshot wins."""
    functions: dict[str, Function] = {}
    streams: dict[str, Stream] = {}
    infrequent: set[str] = set()
    for source_arn, kind, document in _documents(trace):
        match kind:
            case "get-function-configuration":
                function = document.get("FunctionName", "")
                own = document.get("LoggingConfig") or {}
                functions[own.get("LogGroup") or f"/aws/lambda/{function}"] = _function(document)
            case "describe-log-groups":
                infrequent |= _infrequent(document)
            case _:
                streams[source_arn] = _stream(document)
    return Settings(
        functions=functions,
        streams=streams,
        infrequent=frozenset(infrequent),
        consumers=_consumers(trace),
        protocols=_protocols(trace),
        shards=_open_shards(trace),
    )


def _documents(trace: Trace) -> Iterator[tuple[str, str, dict[str, Any]]]:
    rows = trace.sql(
        "select source_arn, kind, document from resources where list_contains($kinds, kind) and json_valid(document)"
        " order by observed_at",
        kinds=list(ASKED),
    )
    for source_arn, kind, text in rows.iter_rows():
        document = json.loads(text)
        if isinstance(document, dict):
            yield source_arn, kind, document


def _function(document: Mapping[str, Any]) -> Function:
    packaging = "zip"
    if document.get("PackageType") == "Image":
        packaging = "image"
    elif str(document.get("Runtime", "")).startswith("provided"):
        packaging = "custom_runtime"
    architectures = document.get("Architectures") or ["x86_64"]
    storage = (document.get("EphemeralStorage") or {}).get("Size", 512)
    known = architectures[0] if architectures[0] in ("x86_64", "arm64") else "x86_64"
    return Function(known, packaging, int(storage), is_known=True)


def _stream(document: Mapping[str, Any]) -> Stream:
    told = document.get("StreamDescriptionSummary") or document.get("StreamDescription") or {}
    mode = (told.get("StreamModeDetails") or {}).get("StreamMode", "PROVISIONED")
    return Stream(mode, int(told.get("RetentionPeriodHours", 24)), is_known=True)


def _infrequent(document: Mapping[str, Any]) -> set[str]:
    groups = document.get("logGroups") or [document]
    return {
        group["logGroupName"]
        for group in groups
        if group.get("logGroupClass") == "INFREQUENT_ACCESS" and "logGroupName" in group
    }


def _consumers(trace: Trace) -> dict[str, tuple[Consumer, ...]]:
    rows = trace.sql(
        "select source_arn, mapping_id, arg_max(log_group, observed_at) as log_group,"
        " try_cast(arg_max(document, observed_at)->>'$.ProvisionedPollerConfig.MinimumPollers' as bigint) as pollers"
        " from event_source_mappings group by source_arn, mapping_id having arg_max(coalesce(state, ''), observed_at)"
        " not in ('Disabled', 'Disabling', 'Deleting') order by all"
    )
    found: dict[str, tuple[Consumer, ...]] = {}
    for source_arn, _, log_group, pollers in rows.iter_rows():
        found[source_arn] = (*found.get(source_arn, ()), Consumer(log_group, pollers))
    return found


def _protocols(trace: Trace) -> dict[str, Counter[str]]:
    rows = trace.sql(
        "select topic_arn, protocol, count(distinct subscription_arn) as subscriptions from subscriptions"
        " where starts_with(subscription_arn, 'arn:') and protocol is not null group by all"
    )
    found: dict[str, Counter[str]] = {}
    for topic_arn, protocol, count in rows.iter_rows():
        found.setdefault(topic_arn, Counter())[protocol] += count
    return found


def _open_shards(trace: Trace) -> dict[str, int]:
    rows = trace.sql(
        "select source_arn, count(*) as shards from shards where ending_sequence_number is null"
        " and observed_at = (select max(observed_at) from shards as later where later.source_arn = shards.source_arn)"
        " group by source_arn"
    )
    return dict(rows.iter_rows())
