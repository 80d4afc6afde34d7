"""Table streams: changes of items, each with the item before and after."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.answers import compact_json
from connectors.dynamodb_streams.changes import change_record
from connectors.record import Checkpoint, Page, Resource, Span
from datasets.story import REGION, T0, Story, arn, at, epoch_ms

Image = Mapping[str, Any]
TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
"""`userIdentity` of a change that the table's time to live made."""
OPENED_MS = 1_789_300_000_000


@dataclass(slots=True, eq=False)
class TableStream:
    """The stream of a table with `NEW_AND_OLD_IMAGES`, read to the story's end."""

    story: Story
    table: str
    shard_count: int = 2
    _changes: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.story.tellers.append(self)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn("dynamodb", f"table/{self.table}/stream/2026-09-01T00:00:00.000")

    def change(
        self,
        item: str,
        new: Image | None,
        old: Image | None,
        now_s: float,
        *,
        user_identity: Image | None = None,
    ) -> dict[str, Any]:
        """One change; without an old image an INSERT, without a new one a REMOVE."""
        keys = {"id": {"S": item}}
        images = {"Keys": keys}
        if new is not None:
            images["NewImage"] = {**keys, **new}
        if old is not None:
            images["OldImage"] = {**keys, **old}
        number = (epoch_ms(now_s) << 16) + self.story.number(self.arn) % 2**16
        record: dict[str, Any] = {
            "eventID": hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest(),
            "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": REGION,
            "dynamodb": {
                "ApproximateCreationDateTime": at(float(int(now_s))),
                **images,
                "SequenceNumber": f"{number:021d}",
                "SizeBytes": len(compact_json(images)),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }
        if user_identity is not None:
            record["userIdentity"] = dict(user_identity)
        self._changes.append((now_s, self.shard_of(item), record))
        return record

    def shard_of(self, item: str) -> str:
        """The shard of an item's changes."""
        place = int.from_bytes(hashlib.md5(item.encode(), usedforsecurity=False).digest())
        return self._shard_id(place % self.shard_count)

    def key(self, item: str) -> str:
        """The item's key as the trace has it."""
        return compact_json({"id": {"S": item}})

    def pages(self) -> Iterator[tuple[str, Page]]:
        """Each shard to the end."""
        for number in range(self.shard_count):
            shard_id = self._shard_id(number)
            mine = sorted(
                (told for _, shard, told in self._changes if shard == shard_id),
                key=lambda told: str(told["dynamodb"]["SequenceNumber"]),
            )
            read_at = self.story.captured_at
            records = tuple(change_record(self.arn, shard_id, told, read_at) for told in mine)
            yield self.arn, Page(records, Checkpoint(shard_id, "{}"), (Span(T0, read_at),))

    def resources(self) -> Iterator[Resource]:
        """Its shards."""
        shards = [
            {
                "ShardId": self._shard_id(number),
                "SequenceNumberRange": {"StartingSequenceNumber": f"{OPENED_MS << 16:021d}"},
            }
            for number in range(self.shard_count)
        ]
        description = {
            "StreamArn": self.arn,
            "StreamStatus": "ENABLED",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "TableName": self.table,
            "Shards": shards,
        }
        document = compact_json({"StreamDescription": description})
        yield Resource(self.arn, "describe-stream", self.story.captured_at, document)

    def _shard_id(self, number: int) -> str:
        digest = hashlib.md5(f"{self.table}{number}".encode(), usedforsecurity=False).hexdigest()
        return f"shardId-0000000{OPENED_MS}-{digest[:8]}"
