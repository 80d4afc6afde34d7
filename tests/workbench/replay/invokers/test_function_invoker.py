"""A callable in this process: it sees what a handler sees, and what it does is an answer."""

import json
import os
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workbench.replay.invokers.batches import REQUEST, whole
from workbench.replay.engine.invocation import Batch
from workbench.replay.invokers.function_invoker import FunctionInvoker
from workbench.replay.settings import FunctionSettings

ARN = "arn:aws:lambda:eu-west-1:111111111111:function:f"


def invoke(function, event="{}"):
    invoker = FunctionInvoker(function, FunctionSettings("f", timeout_s=3), ARN)
    return invoker.invoke(event if isinstance(event, Batch) else whole(event), REQUEST)


def test_what_it_returns_is_the_response():
    found = invoke(lambda event, context: {"got": event["a"]}, '{"a": [1]}')
    assert (json.loads(found.response), found.error_type) == ({"got": [1]}, None)
    assert found.duration_ms > 0
    assert invoke(lambda event, context: None).response == "null"
    assert invoke(lambda event, context: Decimal("1.5")).response == "1.5"


def test_what_it_raises_is_the_error_with_its_place():
    def fails(event, context):
        raise KeyError("x")

    found = invoke(fails)
    assert (found.error_type, found.error_message, found.response) == ("KeyError", "'x'", None)
    assert "test_function_invoker.py" in found.stack_trace[0]


def test_a_value_that_is_no_json_and_an_exit_are_named_as_lambda_does():
    assert invoke(lambda event, context: {1}).error_type == "Runtime.MarshalError"
    found = invoke(lambda event, context: sys.exit(4))
    assert found.error_type == "Runtime.ExitError"
    assert found.error_message.endswith("exit status 4")


def test_the_user_can_interrupt():
    def interrupted(event, context):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        invoke(interrupted)


def test_the_context_is_lambdas():
    seen = {}

    def look(event, context):
        names = ("aws_request_id", "invoked_function_arn", "function_name", "memory_limit_in_mb")
        seen.update({name: getattr(context, name) for name in names})
        seen["left"] = context.get_remaining_time_in_millis()
        seen["who"] = context.identity.cognito_identity_id

    invoke(look)
    assert 2_000 < seen.pop("left") <= 3_000
    assert seen == {
        "aws_request_id": REQUEST,
        "invoked_function_arn": ARN,
        "function_name": "f",
        "memory_limit_in_mb": "512",
        "who": None,
    }


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text()
    | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=3))
def test_an_event_is_what_pythons_own_parser_reads(records):
    seen = []
    parts = tuple(json.dumps(record) for record in records)
    batch = Batch((), parts, None, "poll")
    invoke(lambda event, context: seen.append(event), batch)
    assert seen == [json.loads(batch.event)]


@pytest.mark.parametrize("part", ['"\\ud800"', "NaN"])
def test_what_the_quick_parser_does_not_take_is_read_all_the_same(part):
    seen = []
    invoke(
        lambda event, context: seen.append(repr(event)),
        Batch((), (f'{{"a":{part}}}',), None, "poll"),
    )
    invoke(
        lambda event, context: seen.append(repr(event)), whole(f'{{"Records":[{{"a":{part}}}]}}')
    )
    assert seen[0] == seen[1]


def test_nothing_is_left_in_the_environment():
    before = dict(os.environ)
    invoke(lambda event, context: None)
    assert dict(os.environ) == before
