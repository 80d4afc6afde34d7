"""Reads what AWS event systems still hold, without being able to harm them.

Open a source with `open_connector`, read its partitions page by page, and store each page
before asking for the next: asking says that it is safe.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import cast

from connectors.access import (
    Access,
    is_loopback,
    local_client,
    policy,
    policy_of_all,
    sweeping_policy,
)
from connectors.access.preflight import Preflight
from connectors.answers import Clock
from connectors.budget import Budget, Budgets, Share, share_of
from connectors.dynamodb_streams.stream import TableStream, open_table_stream
from connectors.errors import (
    AccessDeniedError,
    ConnectorError,
    CorruptAnswerError,
    OperationRefusedError,
    SourceNotFoundError,
    ThrottledError,
    UnavailableError,
    UnrecognisedError,
)
from connectors.horizon import Available, still_available
from connectors.kinesis.kcl_leases import leases_of
from connectors.kinesis.stream import KinesisStream, open_stream
from connectors.lambda_logs.group import open_log_group
from connectors.readiness import preflight
from connectors.record import (
    Cause,
    Checkpoint,
    Connector,
    Mode,
    OrderScope,
    Page,
    Partition,
    PeekEffect,
    Record,
    Resource,
    Service,
    Span,
)
from connectors.shards import in_lineage_order, uncovered_hash_ranges
from connectors.sns.forgotten_taps import ForgottenTap, forgotten_taps, remove_forgotten_taps
from connectors.sns.topic import open_topic
from connectors.source import SourceName, default_mode, parse_source
from connectors.sqs.opening import open_queue

__all__ = [
    "Access",
    "AccessDeniedError",
    "Available",
    "Budget",
    "Budgets",
    "Cause",
    "Checkpoint",
    "Connector",
    "ConnectorError",
    "CorruptAnswerError",
    "ForgottenTap",
    "Mode",
    "OperationRefusedError",
    "OrderScope",
    "Page",
    "Partition",
    "PeekEffect",
    "Preflight",
    "Record",
    "Resource",
    "Service",
    "Share",
    "SourceName",
    "SourceNotFoundError",
    "Span",
    "ThrottledError",
    "UnavailableError",
    "UnrecognisedError",
    "default_mode",
    "forgotten_taps",
    "in_lineage_order",
    "is_loopback",
    "local_client",
    "open_connector",
    "parse_source",
    "policy",
    "policy_of_all",
    "preflight",
    "remove_forgotten_taps",
    "share_of",
    "still_available",
    "sweeping_policy",
    "uncovered_hash_ranges",
]

_MODES: Mapping[Service, tuple[Mode, ...]] = MappingProxyType(
    {
        Service.SQS: (Mode.PEEK, Mode.DRAIN),
        Service.SNS: (Mode.TAP,),
        Service.KINESIS: (Mode.OBSERVE,),
        Service.DYNAMODB: (Mode.OBSERVE,),
        Service.LOGS: (Mode.OBSERVE,),
    }
)


def open_connector(
    source: str,
    access: Access,
    *,
    now: Clock,
    mode: Mode | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    lease_table: str | None = None,
    force: bool = False,
) -> Connector:
    """The connector of a source; its name is resolved with read calls only.

    Args:
        source: As `parse_source` takes it; an ARN's Region goes before the access's own.
        access: Whose AWS, and how far capture may go.
        now: Clock; tells aware instants.
        mode: None: the service's default, which a queue has not.
        since: Where a first read begins. None: the oldest record kept (logs: one hour ago).
        until: Where reading may end. None: nowhere.
        lease_table: Of a Kinesis Client Library application that reads this stream, or a table's:
            where it stands is among the configuration snapshots. Other sources have none.
        force: Peek also where it does harm; read a table's stream also as the third reader.

    Returns:
        A connector that has changed nothing yet; close it in the end.

    Raises:
        SourceNotFoundError: No such source.
        AccessDeniedError: Not the right to ask.
        OperationRefusedError: A mode that the access does not agree to.
        ConnectorError: No form of a source, or a mode that the service has not.

    Example:
        >>> connector = open_connector("kinesis:orders", access, now=now)
        >>> [partition.partition_id for partition in connector.partitions()]
        ['shardId-000000000000']

    Source: GetQueueUrl, DescribeStreamSummary, DescribeTable, GetCallerIdentity.
    """
    name = parse_source(source)
    used = _agreed(name, mode)
    if name.region:
        access = replace(access, region=name.region)
    opened: object
    match name.service:
        case Service.SQS:
            opened = open_queue(name, access, used, now=now, force=force)
        case Service.SNS:
            suffix = secrets.token_hex(4)
            opened = open_topic(name, access, now=now, suffix=suffix, since=since, until=until)
        case Service.KINESIS:
            stream = open_stream(name, access, now=now, since=since, until=until)
            opened = _with_leases(stream, access, lease_table)
        case Service.DYNAMODB:
            table = open_table_stream(
                name,
                access,
                now=now,
                since=since,
                until=until,
                lease_table=lease_table,
                force=force,
            )
            opened = _with_leases(table, access, lease_table)
        case _:
            opened = open_log_group(name, access, now=now, since=since, until=until)
    return cast(Connector, opened)  # the protocol names attributes settable that are not


def _with_leases(
    stream: KinesisStream | TableStream, access: Access, lease_table: str | None
) -> KinesisStream | TableStream:
    if lease_table is None:
        return stream
    named = replace(access, lease_tables=frozenset({lease_table}))  # to name it is to agree
    client = named.client("dynamodb", Mode.OBSERVE)
    return replace(stream, leases=leases_of(stream.source_arn, lease_table, client, stream.now))


def _agreed(name: SourceName, mode: Mode | None) -> Mode:
    used = default_mode(name.service) if mode is None else mode
    if used not in _MODES[name.service]:
        allowed = ", ".join(_MODES[name.service])
        raise ConnectorError(
            f"mode {used} was wanted for {name.service} {name.name}, which has {allowed}; "
            "name one of these or none"
        )
    return used
