"""The little of DynamoDB that deduplication rests on: what was put is there, and is not put as the first again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.replay.effects.call import Answer, Call, CallError
from workbench.replay.idempotency.writes import is_first_only

_NAMED = re.compile(r"attribute_not_exists\s*\(\s*([^()\s]+)\s*\)", re.IGNORECASE)
_SET = re.compile(r"([#\w]+)\s*=\s*(:\w+)\s*(?=,|$|\b(?:ADD|REMOVE|DELETE)\b)", re.IGNORECASE)
Item = Mapping[str, Any]


@dataclass(slots=True)
class ItemMemory:
    """Answers PutItem, UpdateItem, DeleteItem and GetItem from what the run has put; leaves the rest to others.

    Evaluates the condition `attribute_not_exists` alone. Of an update it takes over `SET name = :value` alone.

    Source: DynamoDB developer guide, "Condition expressions".
    """

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of tables, as far as they are known."""
    _log: list[tuple[str, int, str, Item | None, Item]] = field(default_factory=list)
    """Request id, ordinal, table, item or None where it was deleted, and the key that it is known by."""

    def __call__(self, call: Call) -> Answer | None:
        """The answer, or None where another one is to say."""
        given = call.parameters
        if call.service != "dynamodb" or "TableName" not in given:
            return None
        table, key = str(given["TableName"]), given.get("Key")
        if key:
            self.keys[table] = tuple(sorted(key))
        match call.operation:
            case "GetItem" if key and (item := self._item(table, key)):
                return Answer(means="stateful", members={"Item": item})
            case "PutItem" | "UpdateItem":
                return self._written(call, table, key or self._key(table, given))
            case "DeleteItem" if key:
                self._log.append((call.request_id, call.ordinal, table, None, key))
        return None

    def undo(self, request_id: str, ordinal: int) -> None:
        """Forget what an invocation did from one of its calls on."""
        self._log = [row for row in self._log if row[0] != request_id or row[1] < ordinal]

    def _written(self, call: Call, table: str, key: Item) -> Answer | None:
        there = self._item(table, key)
        if there is not None and is_first_only(call.parameters):
            message = "The conditional request failed"
            error = CallError(code="ConditionalCheckFailedException", message=message)
            return Answer(means="stateful", error=error)
        item = call.parameters.get("Item") or {**(there or {}), **key, **_set(call.parameters)}
        self._log.append((call.request_id, call.ordinal, table, item, key))
        return None

    def _key(self, table: str, given: Mapping[str, Any]) -> Item:
        """What an item is known by: its table's key, else what its condition names, else all of it."""
        item, names = given.get("Item") or {}, given.get("ExpressionAttributeNames") or {}
        told = _NAMED.findall(str(given.get("ConditionExpression", "")))
        wanted = self.keys.get(table) or tuple(names.get(name, name) for name in told)
        found = {name: item[name] for name in wanted if name in item}
        return found or item

    def _item(self, table: str, key: Item) -> Item | None:
        for _, _, where, item, known_by in reversed(self._log):
            if where != table:
                continue
            if item is None and all(key.get(name) == value for name, value in known_by.items()):
                return None
            if item is not None and all(item.get(name) == value for name, value in key.items()):
                return item
        return None


def _set(given: Mapping[str, Any]) -> dict[str, Any]:
    names, values = (given.get(f"ExpressionAttribute{what}") or {} for what in ("Names", "Values"))
    pairs = _SET.findall(str(given.get("UpdateExpression", "")))
    return {names.get(name, name): values[value] for name, value in pairs if value in values}
