"""Commands that send a record once more: what a shell makes of them is the record, however hostile."""

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import kinesis_record, sqs_message
from tests.workbench.replay.engine.runs import items_of
from workbench.replay.sending import sending

SHELL = 'aws() { for word in "$@"; do printf \'%s\\0\' "$word"; done; }\n'


def words(command, **variables):
    """What the shell hands to `aws`."""
    made = subprocess.run(
        ["sh", "-c", SHELL + command], env=variables, capture_output=True, check=True
    )
    return made.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


def sent_body(item):
    made = sending(item, "record-1")
    given_words = words(made.command, QUEUE_URL="https://queue")
    body = given_words[given_words.index("--message-body") + 1]
    assert given_words[-2:] == ["--queue-url", "https://queue"]
    return made.files[body.removeprefix("file://")] if body.startswith("file://") else body.encode()


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_a_message_arrives_as_it_was(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    (item,) = items_of([sqs_message(1, text)])
    assert sent_body(item) == item.body


@pytest.mark.parametrize(
    "body",
    [
        "$(rm -rf ~)",
        "`id`",
        'it\'s "quoted"',
        "file:///etc/passwd",
        "--region",
        "a\nb",
        "\0",
        "é" * 3_000,
    ],
)
def test_no_message_is_anything_but_a_message(body):
    (item,) = items_of([sqs_message(1, body)])
    assert sent_body(item) == item.body


def test_a_message_keeps_its_group_and_is_not_taken_for_the_one_it_copies():
    (item,) = items_of([sqs_message(1, group="customer 7")])
    given_words = words(sending(item, "r").command, QUEUE_URL="q")
    assert given_words[given_words.index("--message-group-id") + 1] == "customer 7"
    (new,) = (word for word in given_words if word.startswith("again-"))
    assert item.record_id in new


def test_a_record_of_a_stream_goes_as_bytes():
    (item,) = items_of([kinesis_record(1, {"a": 1}, key="it's")])
    made = sending(item, "record-1")
    assert words(made.command, STREAM_NAME="s") == [
        "kinesis", "put-record", "--stream-name", "s", "--partition-key", "it's",
        "--data", "fileb://record-1.bin",
    ]  # fmt: skip
    assert json.loads(made.files["record-1.bin"]) == {"a": 1}
