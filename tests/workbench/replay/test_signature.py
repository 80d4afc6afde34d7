"""Signatures of failures: the same text in Python as in SQL."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import sqs_message, write_trace
from workbench.replay.signature import signature


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    with write_trace(tmp_path_factory.mktemp("signature") / "t.trace", [sqs_message(1)]) as trace:
        yield trace


MESSAGES = st.text(st.sampled_from("ab 7'\"`\\-:/\n\r\t.äfé#(\u00a0"), max_size=40)


@settings(max_examples=50, deadline=None)
@given(
    error_type=st.none() | st.sampled_from(["", "ValueError"]),
    messages=st.lists(st.none() | MESSAGES, min_size=20, max_size=20),
)
def test_python_and_sql_agree(trace, error_type, messages):
    asked = "select signature($type, message) as told from (select unnest($messages) as message)"
    told = trace.sql(asked, type=error_type, messages=messages)["told"].to_list()

    ours = [signature(error_type, message) for message in messages]

    assert ours == [each or "in batchItemFailures" for each in told]


def test_one_cause_has_one_signature_whatever_the_order():
    assert signature("KeyError", "'total'") == signature("KeyError", "'customer'") == "KeyError: *"
    one, other = (f"cannot charge order {n} of card 4242-{n}" for n in (17, 99))
    assert signature("ValueError", one) == signature("ValueError", other)
