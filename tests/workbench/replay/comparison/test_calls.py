"""AWS calls side by side: a multiset, the nearest one named, order where one resource is written."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.replay.comparison.calls import AwsCall, call_changes, in_entries
from workbench.replay.comparison.places import is_within, spelled

QUEUE = "https://sqs/q"
CALLS = st.lists(
    st.builds(
        AwsCall,
        st.sampled_from(["sqs", "dynamodb"]),
        st.sampled_from(["SendMessage", "PutItem", "GetItem"]),
        st.fixed_dictionaries(
            {"TableName": st.sampled_from("st")},
            optional={
                "Key": st.fixed_dictionaries({"id": st.integers(0, 2)}),
                "Item": st.fixed_dictionaries({"id": st.integers(0, 2), "n": st.integers(0, 3)}),
            },
        ),
    ),
    max_size=8,
)
OTHER = {"added": "removed", "removed": "added"}


def sent(body, group=None):
    grouped = {} if group is None else {"MessageGroupId": group}
    return AwsCall("sqs", "SendMessage", {"QueueUrl": QUEUE, "MessageBody": body, **grouped})


def update(key, value):
    parameters = {"TableName": "orders", "Key": {"id": key}, "Value": value}
    return AwsCall("dynamodb", "UpdateItem", parameters)


def written(item):
    return AwsCall("dynamodb", "PutItem", {"TableName": "orders", "Item": item})


def changes(a, b, **how):
    return [(spelled(each.place), each.change) for each in call_changes(a, b, **how)]


@given(CALLS)
def test_calls_do_not_differ_from_themselves(calls):
    assert changes(calls, calls) == []


@given(CALLS, st.randoms(use_true_random=False))
def test_in_any_order_they_are_the_same_multiset(calls, chance):
    other = list(calls)
    chance.shuffle(other)
    assert changes(calls, other, in_order=False) == []


@given(CALLS, CALLS)
def test_either_side_tells_the_same(a, b):
    there = sorted(
        (spelled(each.place), OTHER.get(each.change, each.change)) for each in call_changes(a, b)
    )
    assert there == sorted(changes(b, a))


def test_a_call_that_differs_in_one_field_is_shown_as_that_field():
    body = '{"id": 1, "total": 7}'
    assert changes([sent(body)], [sent('{"id": 1, "total": 8}')]) == [
        ("effects.sqs.SendMessage.MessageBody.$.total", "changed")
    ]


def test_the_nearest_is_the_one_that_changed():
    a = [update(1, "x"), update(2, "y")]
    assert changes(a, [update(2, "z"), update(1, "x")]) == [
        ("effects.dynamodb.UpdateItem.Value", "changed")
    ]


def test_calls_with_nothing_in_common_are_missing_and_extra():
    far = AwsCall("sqs", "SendMessage", {"QueueUrl": "https://other", "MessageBody": "b"})
    assert changes([sent("a")], [far]) == [
        ("effects.sqs.SendMessage", "removed"),
        ("effects.sqs.SendMessage", "added"),
    ]


def test_a_write_done_twice_is_an_extra_one():
    assert changes([sent("a")], [sent("a"), sent("a")]) == [("effects.sqs.SendMessage", "added")]


def test_order_counts_where_one_key_is_written():
    first, second = update(1, "x"), update(1, "y")
    assert changes([first, second], [second, first]) == [("effects.dynamodb", "reordered")]
    assert changes([first, update(2, "y")], [update(2, "y"), first]) == []
    assert changes([sent("a"), sent("b")], [sent("b"), sent("a")]) == []
    grouped = [sent("a", "g"), sent("b", "g")]
    assert changes(grouped, grouped[::-1]) == [("effects.sqs", "reordered")]


def test_an_item_is_written_to_the_key_that_other_calls_of_its_table_tell():
    items = [written({"id": 1, "n": 1}), written({"id": 1, "n": 2})]
    assert changes(items, items[::-1]) == []
    known = [update(3, "x"), *items]
    assert changes(known, [known[0], *items[::-1]]) == [("effects.dynamodb", "reordered")]


def test_reads_have_no_order():
    reads = [
        AwsCall("dynamodb", "GetItem", {"TableName": "t", "Key": {"id": 1}, "N": n}) for n in (1, 2)
    ]
    assert changes(reads, reads[::-1]) == []


def test_what_does_not_count_makes_no_call_another():
    def ignored(place):
        return is_within(place, ["effects.sqs.SendMessage.MessageBody.$.at"])

    assert (
        changes(
            [sent('{"at": 1}'), sent('{"at": 2}')],
            [sent('{"at": 3}'), sent('{"at": 4}')],
            ignored=ignored,
        )
        == []
    )


def test_batches_are_what_they_stand_for():
    entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(3)]
    batch = AwsCall("sqs", "SendMessageBatch", {"QueueUrl": QUEUE, "Entries": entries})
    assert changes(list(in_entries([batch])), [sent(str(n)) for n in range(3)]) == []
    strange = AwsCall("sqs", "SendMessageBatch", "oops")
    assert list(in_entries([strange])) == [strange]


def test_thousands_of_calls_that_all_changed_are_paired_in_their_order():
    found = changes([update(n, "x") for n in range(500)], [update(n, "y") for n in range(500)])
    assert found == [("effects.dynamodb.UpdateItem.Value", "changed")] * 500
