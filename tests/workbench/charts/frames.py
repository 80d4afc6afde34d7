"""Frames as small as charts need them, with names that would do harm on a page that trusted them."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import polars as pl

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOSTILE = "arn:aws:sqs:us-east-1:1:</script><script>alert(1)</script>\u202e<img src=http://x.test/>"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def deliveries(*sources: str | None) -> pl.DataFrame:
    rows = [
        {"source_arn": arn, "from_at": at(n), "to_at": at(n + 1), "deliveries": 3}
        for arn in sources
        for n in range(4)
    ]
    return pl.DataFrame(rows, schema_overrides={"source_arn": pl.String})


def coverage(partitions: int, holes: int, source: str = HOSTILE) -> pl.DataFrame:
    rows = [
        {"source_arn": source, "partition_id": f"p-{n:03d}", "from_at": at(0), "to_at": at(60)}
        | ({"state": "hole", "cause": "trimmed"} if n < holes else {"state": "read", "cause": None})
        for n in range(partitions)
    ]
    return pl.DataFrame(rows, schema_overrides={"cause": pl.String})


def findings(count: int = 3, source: str = HOSTILE) -> pl.DataFrame:
    return pl.DataFrame({"kind": ["redelivery"], "source_arn": [source], "count": [count]})


def load(shards: int, seconds: int, share: float = 0.5) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"shard": f"shardId-{s:012d}", "second": at(n), "records": 1, "bytes": 1}
            | {"share_of_limit": share if (s, n) == (1, 7) else 0.1}
            for s in range(shards)
            for n in range(seconds)
        ]
    )


def text_of(svg: str) -> str:
    return " ".join(
        "".join(node.itertext())
        for node in ElementTree.fromstring(svg).iter()
        if node.tag.endswith("text")
    )
