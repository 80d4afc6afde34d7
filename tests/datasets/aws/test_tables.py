"""Changes are told as DynamoDB Streams tells them: whole seconds, and numbers that keep an item's order."""

import json

from datasets.aws.tables import TTL, TableStream
from datasets.story import Story, at


def test_changes_of_an_item_keep_their_order_within_one_second() -> None:
    table = TableStream(Story(1, 60), "stock")
    table.change("a", None, {"n": {"N": "2"}}, 5.9, user_identity=TTL)
    table.change("a", {"n": {"N": "1"}}, None, 5.1)
    table.change("a", {"n": {"N": "2"}}, {"n": {"N": "1"}}, 5.2)

    records = [record for _, page in table.pages() for record in page.records]
    assert [json.loads(r.envelope)["eventName"] for r in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert {record.source_at for record in records} == {at(5)}
    assert {record.ordering_key for record in records} == {table.key("a")}
    assert json.loads(records[2].envelope)["userIdentity"] == TTL
    assert json.loads(records[1].body)["NewImage"] == {"id": {"S": "a"}, "n": {"N": "2"}}
