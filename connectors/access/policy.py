"""Prints the least IAM rights that a capture needs, out of the same table that the guard obeys."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from connectors.access.allowlist import ALLOW, INCLUDED, TAP_PREFIX, Resource, Rule
from connectors.record import Mode, Service
from connectors.source import SourceName, default_mode, parse_source

_TOUCHED: Mapping[Service, frozenset[Resource]] = MappingProxyType(
    {
        Service.SQS: frozenset({Resource.QUEUE, Resource.FUNCTION, Resource.MAPPING}),
        Service.SNS: frozenset({Resource.TOPIC, Resource.SUBSCRIPTION, Resource.TAP_QUEUE}),
        Service.KINESIS: frozenset({Resource.STREAM, Resource.FUNCTION, Resource.MAPPING}),
        Service.DYNAMODB: frozenset(
            {Resource.TABLE, Resource.TABLE_STREAM, Resource.FUNCTION, Resource.MAPPING}
        ),
        Service.LOGS: frozenset(
            {Resource.LOG_GROUP, Resource.LOG_GROUPS, Resource.FUNCTION, Resource.MAPPING}
        ),
    }
)
LEASED = frozenset({Service.KINESIS, Service.DYNAMODB})
"""What the Kinesis Client Library reads."""
_NEVER = ("DeleteQueue", "PurgeQueue", "SendMessage", "SetQueueAttributes", "StartMessageMoveTask")


def policy(
    source: str, mode: Mode | None = None, *, lease_table: str | None = None
) -> dict[str, Any]:
    """The IAM policy document that this capture needs, and no more.

    A source that is encrypted with a key of its owner's needs `kms:Decrypt` on that key besides.
    Where the name does not say Region or account, they are `*`.

    Args:
        source: As `parse_source` takes it.
        mode: None: the service's default.
        lease_table: Where a Kinesis Client Library application keeps its leases; None: not read.

    Raises:
        ConnectorError: No such form of a source; a queue without a mode.

    Example:
        >>> policy("kinesis:orders")["Statement"][0]["Action"]
        ['kinesis:DescribeStreamSummary', 'kinesis:GetRecords', ...]

    Source: Service Authorization Reference.
    """
    name = parse_source(source)
    used = default_mode(name.service) if mode is None else mode
    rules = rules_of(name.service, used, with_leases=lease_table is not None)
    kinds = dict.fromkeys(rule.resource for rule in rules)
    leases = replace(name, name=lease_table) if lease_table else name
    statements = [
        _allow(leases if kind == Resource.LEASE_TABLE else name, kind, rules) for kind in kinds
    ]
    if name.service == Service.SQS:
        statements.append(_deny(name, used))
    return {"Version": "2012-10-17", "Statement": statements}


def rules_of(service: Service, mode: Mode, *, with_leases: bool = False) -> list[Rule]:
    """The rows of the allowlist that capturing a source of a service needs.

    Example:
        >>> [rule.operation for rule in rules_of(Service.LOGS, Mode.OBSERVE)][:2]
        ['FilterLogEvents', 'DescribeLogGroups']
    """
    touched = _TOUCHED[service] | ({Resource.LEASE_TABLE} if with_leases else frozenset())
    return [rule for rule in ALLOW if rule.mode in INCLUDED[mode] and rule.resource in touched]


def policy_of_all(
    sources: Iterable[tuple[str, Mode | None]], *, lease_table: str | None = None
) -> dict[str, Any]:
    """One policy document for a capture of several sources; equal statements stand once.

    Args:
        sources: Each as `policy` takes it: a source and its mode.
        lease_table: Of the streams among them; None: not read.

    Raises:
        ConnectorError: As `policy`.

    Example:
        >>> document = policy_of_all([("kinesis:orders", None), ("kinesis:payments", None)])
        >>> document["Statement"][0]["Resource"]
        ['arn:aws:kinesis:*:*:stream/orders', 'arn:aws:kinesis:*:*:stream/payments']
    """
    statements: list[dict[str, Any]] = []
    for source, mode in sources:
        leased = parse_source(source).service in LEASED
        document = policy(source, mode, lease_table=lease_table if leased else None)
        statements += document["Statement"]
    merged = _merged(_merged(statements, "Action"), "Resource")
    return {"Version": "2012-10-17", "Statement": [_numbered(*each) for each in enumerate(merged)]}


def sweeping_policy() -> dict[str, Any]:
    """The policy document that the search for forgotten taps needs.

    Example:
        >>> sweeping_policy()["Statement"][0]["Action"]
        ['sqs:ListQueues', 'sns:ListSubscriptions']
    """
    everywhere = SourceName(Service.SNS, "*")
    removing = [rule for rule in ALLOW if rule.operation in ("DeleteQueue", "ListQueueTags")]
    unsubscribing = [rule for rule in ALLOW if rule.operation == "Unsubscribe"]
    listing = [rule for rule in ALLOW if rule.resource == Resource.ACCOUNT]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ListTaps",
                "Effect": "Allow",
                "Action": [rule.action for rule in listing],
                "Resource": "*",
            },
            _allow(everywhere, Resource.TAP_QUEUE, removing),
            _allow(everywhere, Resource.SUBSCRIPTION, unsubscribing),
        ],
    }


def _merged(statements: list[dict[str, Any]], joined: str) -> list[dict[str, Any]]:
    """The statements, those that differ in one member only joined there."""
    found: dict[str, dict[str, Any]] = {}
    for statement in statements:
        rest = {name: part for name, part in statement.items() if name not in ("Sid", joined)}
        parts = _listed(statement[joined])
        into = found.setdefault(json.dumps(rest, sort_keys=True), {**statement, joined: []})
        into[joined] = _without_covered([*into[joined], *parts])
    return [
        {**each, joined: each[joined][0] if _is_lone_resource(each, joined) else each[joined]}
        for each in found.values()
    ]


def _without_covered(parts: list[str]) -> list[str]:
    """The parts, less those that stand twice or that another's `*` stands for."""
    distinct = list(dict.fromkeys(parts))
    return [
        part
        for part in distinct
        if not any(part != other and fnmatchcase(part, other) for other in distinct)
    ]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _is_lone_resource(statement: dict[str, Any], joined: str) -> bool:
    return joined == "Resource" and len(statement[joined]) == 1


def _numbered(ordinal: int, statement: dict[str, Any]) -> dict[str, Any]:
    return {**statement, "Sid": f"{statement['Sid']}{ordinal + 1}"}


def _allow(name: SourceName, kind: Resource, rules: list[Rule]) -> dict[str, Any]:
    actions = sorted({rule.action for rule in rules if rule.resource == kind and rule.action})
    statement: dict[str, Any] = {
        "Sid": "Read" + kind.title().replace(" ", ""),
        "Effect": "Allow",
        "Action": actions,
        "Resource": _arn(name, kind),
    }
    if "sns:Subscribe" in actions:
        # Looking at a topic has neither key, so only the subscription is bound to our own queues.
        statement["Condition"] = {
            "StringEqualsIfExists": {"sns:Protocol": "sqs"},
            "StringLikeIfExists": {"sns:Endpoint": _arn(name, Resource.TAP_QUEUE)},
        }
    return statement


def _deny(name: SourceName, mode: Mode) -> dict[str, Any]:
    deleting = () if mode == Mode.DRAIN else ("DeleteMessage",)
    receiving = ("ReceiveMessage",) if mode == Mode.OBSERVE else ()
    return {
        "Sid": "NeverChangeQueue",
        "Effect": "Deny",
        "Action": sorted(f"sqs:{action}" for action in (*_NEVER, *deleting, *receiving)),
        "Resource": _arn(name, Resource.QUEUE),
    }


def _arn(name: SourceName, kind: Resource) -> str:
    place = f"{name.region or '*'}:{name.account or '*'}"
    start = f"arn:{name.partition or 'aws'}"
    topic = f"{start}:sns:{place}:{name.name}"
    function = name.function or ("*" if name.service != Service.LOGS else _function_of(name.name))
    return {
        Resource.QUEUE: f"{start}:sqs:{place}:{name.name}",
        Resource.TAP_QUEUE: f"{start}:sqs:{name.region or '*'}:*:{TAP_PREFIX}*",
        Resource.TOPIC: topic,
        Resource.SUBSCRIPTION: f"{topic}:*",
        Resource.STREAM: f"{start}:kinesis:{place}:stream/{name.name}",
        Resource.TABLE: f"{start}:dynamodb:{place}:table/{name.name}",
        Resource.LEASE_TABLE: f"{start}:dynamodb:{place}:table/{name.name}",
        Resource.TABLE_STREAM: f"{start}:dynamodb:{place}:table/{name.name}/stream/*",
        Resource.LOG_GROUP: f"{start}:logs:{place}:log-group:{name.name}:*",
        Resource.LOG_GROUPS: f"{start}:logs:{place}:log-group:*",
        Resource.FUNCTION: f"{start}:lambda:{place}:function:{function}",
        Resource.ACCOUNT: "*",
        Resource.MAPPING: "*",  # AWS knows no finer resource for listing mappings
    }[kind]


def _function_of(group: str) -> str:
    return group.removeprefix("/aws/lambda/") if group.startswith("/aws/lambda/") else "*"
