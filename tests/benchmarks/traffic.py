"""Clean traffic of any size, written straight as compacted segments: no record is ever an object of Python.

Messages of a queue, records of a stream, changes of a table and lines of a function. Nothing is wrong with any of it,
so that no detector may find anything.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from connectors.record import Checkpoint, Page, Span
from workbench.trace import TraceWriter
from workbench.trace.compaction import ROWS_WANTED
from workbench.trace.schema import COMPACTED
from workbench.trace.segments import publish

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
ACCOUNT = "us-east-1:111111111111"
SOURCES = {
    "aws:sqs": f"arn:aws:sqs:{ACCOUNT}:orders",
    "aws:kinesis": f"arn:aws:kinesis:{ACCOUNT}:stream/orders",
    "aws:dynamodb": f"arn:aws:dynamodb:{ACCOUNT}:table/orders/stream/2026-11-20T00:00:00.000",
    "aws:logs": f"arn:aws:logs:{ACCOUNT}:log-group:/aws/lambda/charge",
}
SHARES = {"aws:sqs": 0.3, "aws:kinesis": 0.4, "aws:dynamodb": 0.2, "aws:logs": 0.1}
FIELDS = {"key": "$.orderId", "sequence": "$.version", "event_time": None}
VERSIONS = 20
"""Versions of one key: neighbours in time stand as many keys apart as there are keys."""
STEP_US = 2_000
SHARDS = 16

COMMON = """
  n + {first} as delivery_id, 'c1' as capture_id, '{service}' as service, '{arn}' as source_arn,
  timestamptz '2026-11-20 10:00:00+00' + to_microseconds(n * 2000) as source_at,
  source_at + to_milliseconds(300) as received_at"""
ROWS = {
    "aws:sqs": """
  '' as partition_id,
  regexp_replace(md5('m' || n), '(.{8})(.{4})(.{4})(.{4})(.{12})', '\\1-\\2-\\3-\\4-\\5') as record_id,
  null as sequence_number, null as ordering_key, 'none' as order_scope, 1 as receive_count,
  '{"system":{"SentTimestamp":"1"},"user":{}}' as attributes, 'plain' as reading,
  printf('{"orderId":"m-%d","version":0,"amount":%d,"status":"paid","customer":"c-%d","note":"left with neighbours"}',
         n, n % 997, n % 50021) as said, 'm-' || n as key, 0 as sequence""",
    "aws:kinesis": """
  printf('shardId-%012d', hash(n % keys) % 16) as partition_id, printf('49%054d', n) as sequence_number,
  partition_id || ':' || sequence_number as record_id,
  printf('order-%08d', n % keys) as ordering_key, 'partition' as order_scope,
  null as receive_count, '{}' as attributes, 'plain' as reading,
  printf('{"orderId":"order-%08d","version":%d,"amount":%d,"status":"paid","customer":"c-%d","note":"with neighbours"}',
         n % keys, n // keys, n % 997, n % 50021) as said, ordering_key as key, n // keys as sequence""",
    "aws:dynamodb": """
  printf('shardId-%012d', hash(n % keys) % 16) as partition_id, printf('%021d', 100000000000 + n) as sequence_number,
  md5('d' || n) as record_id,
  printf('{"id":{"S":"item-%08d"}}', n % keys) as ordering_key, 'partition' as order_scope,
  null as receive_count, '{}' as attributes, 'plain' as reading,
  printf('{"Keys":{"id":{"S":"item-%08d"}},', n % keys)
    || printf('"NewImage":{"id":{"S":"item-%08d"},"v":{"N":"%d"}}', n % keys, n // keys)
    || case when n < keys then '}' else
       printf(',"OldImage":{"id":{"S":"item-%08d"},"v":{"N":"%d"}}}', n % keys, n // keys - 1) end as said,
  null::varchar as key, null::bigint as sequence""",
    "aws:logs": """
  printf('2026/11/20/[$LATEST]%032d', (n // 3) % 40) as partition_id, null as sequence_number,
  printf('%056d', n) as record_id,
  null as ordering_key, 'partition' as order_scope, null as receive_count, '{}' as attributes, 'no_json' as reading,
  regexp_replace(md5('r' || (n // 3)), '(.{8})(.{4})(.{4})(.{4})(.{12})', '\\1-\\2-\\3-\\4-\\5') as request,
  case n % 3 when 0 then printf('START RequestId: %s Version: $LATEST', request) || chr(10)
    when 1 then printf('END RequestId: %s', request) || chr(10)
    else
      printf('REPORT RequestId: %s%sDuration: 9.5 ms%sBilled Duration: 10 ms%s'
             || 'Memory Size: 512 MB%sMax Memory Used: 9 MB',
                request, chr(9), chr(9), chr(9), chr(9)) || chr(10) end as said,
  null::varchar as key, null::bigint as sequence""",
}


def write(
    folder: Path,
    rows: int,
    fields: dict[str, str | None] = FIELDS,
    shares: Mapping[str, float] = SHARES,
) -> None:
    """A trace of about so many clean deliveries in compacted segments, whole as `verify` wants it."""
    writer = TraceWriter(folder, "capture", list(SOURCES.values()), lambda: T0)
    writer.catalog.remember(**{name: path for name, path in fields.items() if path})
    first = writer.catalog.reserve_delivery_ids(rows)
    facts = json.dumps({"fields": fields, "aggregates": 0, "full": True})
    for service, share in shares.items():
        count = int(rows * share)
        segments = []
        for table in _tables(service, first, count):
            segments.append(
                replace(publish(folder, "records", table, service, merged=True), facts=facts)
            )
        writer._commit(tuple(segments), ())
        first += count
        span = Span(T0, T0 + timedelta(microseconds=STEP_US * count, hours=1))
        writer.append_pages(
            [
                (SOURCES[service], Page((), Checkpoint(each, "1"), (span,)))
                for each in partitions(service)
            ]
        )
    writer.close()


def partitions(service: str) -> list[str]:
    """What AWS orders within."""
    match service:
        case "aws:kinesis" | "aws:dynamodb":
            return [f"shardId-{number:012d}" for number in range(SHARDS)]
        case "aws:logs":
            return [f"2026/11/20/[$LATEST]{number:032d}" for number in range(40)]
    return [""]


def _tables(service: str, first: int, count: int) -> Iterator[object]:
    keys = max(1, count // VERSIONS)
    common = COMMON.format(first=first, service=service, arn=SOURCES[service])
    made = {
        "body": "encode(said)",
        "body_hash": "unhex(md5(said))",
        "body_bytes": "strlen(said)::integer",
        "parse_status": "case when reading = 'plain' then 'json' else 'text' end",
        "envelope": "case when service = 'aws:dynamodb' then"
        ' printf(\'{"eventName":"%s","dynamodb":{"StreamViewType":"NEW_AND_OLD_IMAGES"}}\','
        " case when n < keys then 'INSERT' else 'MODIFY' end) else '{}' end",
        "event_at": "null::timestamptz",
    }
    columns = ", ".join(f"{made.get(name, name)} as {name}" for name in COMPACTED.names)
    with duckdb.connect(config={"threads": str(os.cpu_count() or 1)}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for begin in range(0, count, ROWS_WANTED):
            end = min(count, begin + ROWS_WANTED)
            yield (
                connection.sql(
                    f"select {columns} from (select n, keys, {common}, {ROWS[service]} from "
                    f"(select range as n, {keys} as keys from range({begin}, {end})))"
                    " order by source_arn, partition_id, sequence_number, source_at, delivery_id"
                )
                .to_arrow_table()
                .cast(COMPACTED)
            )
