"""Scripted clients for what no local AWS does: reshards, expiry, trims, damaged answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def aws_error(code: str, operation: str = "GetRecords", message: str = "scripted") -> ClientError:
    """What boto3 raises for an error answer."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class Clock:
    """Moves only when it is told to."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Shard:
    """A shard's records by sequence number, its parents, and whether it has ended."""

    sequence_numbers: Sequence[int] = ()
    parents: tuple[str, ...] = ()
    closed: bool = False
    start_hash: int = 0
    end_hash: int = 2**128 - 1


@dataclass
class FakeStream:
    """Kinesis and DynamoDB Streams behind one script.

    `answers` are given first, one a GetRecords call: an answer as it is, or an error to raise.
    """

    shards: dict[str, Shard]
    page: int = 2
    answers: list[Any] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    as_table: bool = False

    def list_shards(self, **asked: Any) -> dict[str, Any]:
        """One shard a page."""
        ids = sorted(self.shards, reverse=True)
        if "NextToken" in asked and "StreamARN" in asked:
            raise aws_error("InvalidArgumentException", "ListShards")
        first = int(asked.get("NextToken", "0"))
        more = {"NextToken": str(first + 1)} if first + 1 < len(ids) else {}
        return {"Shards": [self._described(ids[first])]} | more

    def describe_stream(self, **asked: Any) -> dict[str, Any]:
        """One shard a page."""
        ids = sorted(self.shards, reverse=True)
        last = asked.get("ExclusiveStartShardId")
        first = ids.index(last) + 1 if last else 0
        more = {"LastEvaluatedShardId": ids[first]} if first + 1 < len(ids) else {}
        description = {"StreamArn": asked["StreamArn"], "Shards": [self._described(ids[first])]}
        return {"StreamDescription": description | more}

    def get_shard_iterator(self, **asked: Any) -> dict[str, Any]:
        """An iterator that says where it stands."""
        self.asked.append(asked)
        sequence_numbers = self.shards[asked["ShardId"]].sequence_numbers
        after = asked.get("StartingSequenceNumber", asked.get("SequenceNumber"))
        index = sum(n <= int(after) for n in sequence_numbers) if after else 0
        return {"ShardIterator": f"{asked['ShardId']}/{index}"}

    def get_records(self, **asked: Any) -> dict[str, Any]:
        """The scripted answer, or the next page."""
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)
        shard_id, index = asked["ShardIterator"].split("/")
        shard = self.shards[shard_id]
        first = int(index)
        numbers = shard.sequence_numbers[first : first + self.page]
        rest = len(shard.sequence_numbers) - first - len(numbers)
        answer = {"Records": [self._record(n) for n in numbers]}
        if not self.as_table:
            answer["MillisBehindLatest"] = rest * 1000
        if not (shard.closed and rest == 0):
            answer["NextShardIterator"] = f"{shard_id}/{first + len(numbers)}"
        return answer

    def _described(self, shard_id: str) -> dict[str, Any]:
        shard = self.shards[shard_id]
        names = ("ParentShardId", "AdjacentParentShardId")
        parents = dict(zip(names, shard.parents, strict=False))
        hashes = {"StartingHashKey": str(shard.start_hash), "EndingHashKey": str(shard.end_hash)}
        return {"ShardId": shard_id, "HashKeyRange": hashes} | parents

    def _record(self, number: int) -> dict[str, Any]:
        at = START - timedelta(hours=1) + timedelta(seconds=number)
        if not self.as_table:
            return {
                "SequenceNumber": str(number),
                "ApproximateArrivalTimestamp": at,
                "Data": b"%d" % number,
                "PartitionKey": "k",
            }
        change = {
            "Keys": {"id": {"S": "1"}, "at": {"N": "2"}},
            "NewImage": {"id": {"S": "1"}, "raw": {"B": b"\xff"}},
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": at,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        return {"eventID": f"e{number}", "eventName": "MODIFY", "dynamodb": change}


class NoConsumers:
    """Lambda without mappings."""

    def list_event_source_mappings(self, **asked: Any) -> dict[str, Any]:
        return {"EventSourceMappings": []}
