"""Reads where a Kinesis Client Library application stands: its lease table, one row a shard.

Production keeps its own position there, so the table is only ever scanned, a hundred rows at a
time and without asking for the newest state.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.access.failures import call
from connectors.answers import Clock, compact_json, iso, required
from connectors.errors import ConnectorError
from connectors.record import Resource
from connectors.snapshots import paged

KIND = "kcl-leases"
_ROWS_A_PAGE = 100
_MOST_ROWS = 20_000
"""A lease table has a row for each shard; more rows than any stream has shards are something else."""
_KEY = "leaseKey"
_LEASE = "lease"


def leases_of(
    source_arn: str, table: str, client: Any, now: Clock
) -> Callable[[], Sequence[Resource]]:
    """Takes snapshots of an application's leases of one stream; its table is looked at once before.

    Args:
        source_arn: The stream whose leases are wanted; a table may keep those of several.
        table: The lease table, named as the application is unless that was changed.
        client: DynamoDB.
        now: Clock.

    Returns:
        A function that gives one `kcl-leases`, its document `{"application", "observed_at",
        "leases", "of_other_streams", "other_rows"}`. A lease has the attributes that the library
        gave it, and `shardId`.

    Raises:
        SourceNotFoundError: No such table.
        ConnectorError: It is no lease table, or AWS did not answer.

    Source: DescribeTable, Scan; amazon-kinesis-client, DynamoDBLeaseSerializer.
    """
    _check(table, client)
    return lambda: (_snapshot(source_arn, table, client, now),)


def _check(table: str, client: Any) -> None:
    wanted = f"the lease table {table}"
    answer = call(wanted, client.describe_table, TableName=table)
    described = required(answer, "Table", dict, wanted)
    keys = [key.get("AttributeName") for key in described.get("KeySchema", ())]
    rows = described.get("ItemCount", 0)
    if keys != [_KEY]:
        raise ConnectorError(
            f"{wanted} of a Kinesis Client Library application was wanted, found a table with the "
            f"key {', '.join(map(str, keys))}; name the application's table"
        )
    if rows > _MOST_ROWS:
        raise ConnectorError(
            f"{wanted} was wanted with a row for each shard, found {rows} rows; "
            "scanning so many would cost production: leave it out"
        )


def _snapshot(source_arn: str, table: str, client: Any, now: Clock) -> Resource:
    rows = _rows(table, client)
    leases = [lease for lease in map(_lease, rows) if lease is not None]
    ours = [lease for lease in leases if _is_of(lease, source_arn)]
    at = now()
    document = {
        "application": table,
        "observed_at": iso(at),
        "leases": sorted(ours, key=lambda lease: str(lease["shardId"])),
        "of_other_streams": len(leases) - len(ours),
        "other_rows": len(rows) - len(leases),
    }
    return Resource(source_arn, KIND, at, compact_json(document))


def _rows(table: str, client: Any) -> list[dict[str, Any]]:
    wanted = f"the leases of {table}"
    pages = paged(
        wanted,
        client.scan,
        "ExclusiveStartKey",
        "LastEvaluatedKey",
        TableName=table,
        Limit=_ROWS_A_PAGE,
    )
    return [row for page in pages for row in required(page, "Items", list, wanted)]


def _lease(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row as plain values; None: since version 3.5 the library keeps other things there as well."""
    lease = {name: _plain(value) for name, value in row.items()}
    key = lease.get(_KEY)
    if str(lease.get("entityType", _LEASE)).lower() != _LEASE or not isinstance(key, str):
        return None
    return lease | {"shardId": key.rsplit(":", 1)[-1]}


def _is_of(lease: Mapping[str, Any], source_arn: str) -> bool:
    """Whether a lease is of this stream; in a table of one stream the key is the shard alone."""
    account, _, rest = str(lease[_KEY]).partition(":")
    if not rest:
        return True
    parts = source_arn.split(":", 5)
    name = parts[-1].split("/")[1] if "/" in parts[-1] else ""
    return account in parts[4:5] and rest.split(":", 1)[0] == name


def _plain(value: Mapping[str, Any]) -> Any:
    """An attribute's value without its type; numbers that are whole become such."""
    for kind, of in value.items():
        match kind:
            case "N":
                return int(of) if str(of).lstrip("-").isdecimal() else of
            case "NULL":
                return None
            case "L":
                return [_plain(each) for each in of]
            case "M":
                return {name: _plain(each) for name, each in of.items()}
            case "SS" | "NS":
                return sorted(of)
        return of
    return None
