"""What a run leaves behind: states count once, what adds counts each time, and the last state wins."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.replay.engine.invocation import Effect
from workbench.replay.idempotency.footprint import Footprint, keys_seen, noise_between


def put(key, value):
    item = {"id": {"S": key}, "v": {"N": value}}
    return Effect("dynamodb", "PutItem", {"TableName": "t", "Item": item}, {"means": "minimal"})


def sent(body):
    return Effect("sqs", "SendMessage", {"MessageBody": json.dumps(body)}, {"means": "minimal"})


EFFECTS = st.lists(
    st.one_of(
        st.builds(put, st.sampled_from("ab"), st.sampled_from("123")),
        st.builds(sent, st.sampled_from("xy")),
    ),
    max_size=8,
)
KEYS = {"t": ("id",)}


def of(effects, noise=frozenset()):
    return Footprint.of(effects, noise, KEYS)


@settings(max_examples=50)
@given(EFFECTS)
def test_a_state_that_is_set_again_at_once_changes_nothing_and_a_message_does(effects):
    twice = [again for each in effects for again in (each, each)]
    messages = sum(each.service == "sqs" for each in effects)

    more = of(twice).beyond(of(effects))

    assert of(effects).beyond(of(effects)).total() == 0
    assert more.total() == messages
    assert {left.operation for left in more} <= {"SendMessage"}


def test_an_older_state_that_comes_last_is_a_change():
    new_last = [put("a", "1"), put("a", "2")]

    more = of([*new_last, put("a", "1")]).beyond(of(new_last))

    assert [json.loads(left.parameters)["Item"]["v"] for left in more] == [{"N": "1"}]


def test_what_differs_each_time_is_left_out_within_texts_too():
    one, other = [sent({"at": 1, "n": 5})], [sent({"at": 2, "n": 5})]
    noise = noise_between(one, other)

    assert noise == {("sqs", "SendMessage", ("MessageBody", "at"))}
    assert of(one, noise).beyond(of(other, noise)).total() == 0
    assert noise_between(one, []) is None


def test_a_key_that_differs_each_time_makes_a_state_one_more():
    one, other = [put("a", "1")], [put("b", "1")]

    (left,) = of(one, noise_between(one, other)).counts

    assert left.nature == "adds"


def test_keys_are_learned_from_calls_that_name_them():
    got = Effect("dynamodb", "GetItem", {"TableName": "t", "Key": {"b": {}, "a": {}}}, {})
    assert keys_seen([got]) == {"t": ("a", "b")}
