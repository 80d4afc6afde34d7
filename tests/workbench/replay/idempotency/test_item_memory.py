"""The memory of tables: what was put is there, is refused as the first, and is forgotten where it was never done."""

from workbench.replay.effects.call import Call
from workbench.replay.idempotency.item_memory import ItemMemory

ONE = {"id": {"S": "1"}, "n": {"N": "7"}}
FIRST = {
    "ConditionExpression": "attribute_not_exists(#i)",
    "ExpressionAttributeNames": {"#i": "id"},
}


def asked(memory, operation, ordinal=1, request="r", **given):
    call = Call(
        service="dynamodb", operation=operation, parameters={"TableName": "t", **given},
        request_id=request, ordinal=ordinal,
    )  # fmt: skip
    return memory(call)


def test_what_is_put_first_is_refused_the_second_time_until_it_is_deleted():
    memory = ItemMemory()
    assert asked(memory, "PutItem", Item=ONE, **FIRST) is None
    assert (
        asked(memory, "PutItem", Item=ONE, **FIRST).error.code == "ConditionalCheckFailedException"
    )
    assert asked(memory, "PutItem", Item={"id": {"S": "2"}}, **FIRST) is None
    assert asked(memory, "DeleteItem", Key={"id": {"S": "1"}}) is None
    assert asked(memory, "PutItem", Item=ONE, **FIRST) is None


def test_an_item_is_got_as_it_was_put_and_updated():
    memory = ItemMemory()
    key = {"id": {"S": "1"}}
    assert asked(memory, "GetItem", Key=key) is None
    asked(memory, "PutItem", Item=ONE)
    asked(memory, "UpdateItem", Key=key, UpdateExpression="SET #s = :s, m = :m",
          ExpressionAttributeNames={"#s": "status"},
          ExpressionAttributeValues={":s": {"S": "done"}, ":m": {"N": "1"}})  # fmt: skip

    got = asked(memory, "GetItem", Key=key).members["Item"]

    assert got == {**ONE, "status": {"S": "done"}, "m": {"N": "1"}}


def test_a_table_with_two_key_names_knows_its_items_apart():
    memory = ItemMemory({"t": ("id", "n")})
    assert asked(memory, "PutItem", Item=ONE, **FIRST) is None
    assert asked(memory, "PutItem", Item={**ONE, "n": {"N": "8"}}, **FIRST) is None
    assert asked(memory, "PutItem", Item=ONE, **FIRST).error


def test_what_a_crash_kept_from_being_done_is_forgotten():
    memory = ItemMemory()
    asked(memory, "PutItem", ordinal=1, Item=ONE)
    asked(memory, "PutItem", ordinal=2, Item={"id": {"S": "2"}})

    memory.undo("r", 2)

    assert asked(memory, "GetItem", Key={"id": {"S": "1"}}) is not None
    assert asked(memory, "GetItem", Key={"id": {"S": "2"}}) is None
