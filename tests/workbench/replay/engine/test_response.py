"""The decision table of ReportBatchItemFailures."""

import json

import pytest

from workbench.replay.engine.response import judge

BATCH = ["a", "b", "c"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        [],
        {},
        {"batchItemFailures": []},
        {"batchItemFailures": None},
        {"statusCode": 200},
    ],
)
def test_an_answer_that_names_nothing_is_success(answer):
    assert judge(json.dumps(answer), BATCH).failed == frozenset()


def test_no_answer_is_success():
    assert judge(None, BATCH).failed == frozenset()


@pytest.mark.parametrize(
    "entries",
    [
        [{"itemIdentifier": ""}],
        [{"itemIdentifier": None}],
        [{"foo": 123}],
        [{"foo": None}],
        [{"itemIdentifier": "123"}],
        [{"itemIdentifier": "a"}, {"itemIdentifier": "not in it"}],
        ["a"],
        "a",
        {"itemIdentifier": "a"},
    ],
)
def test_an_entry_that_names_no_record_of_the_batch_fails_the_whole_batch(entries):
    found = judge(json.dumps({"batchItemFailures": entries}), BATCH)
    assert found.failed == frozenset(BATCH)
    assert found.reason


@pytest.mark.parametrize("answer", ["done", 5, [1], True])
def test_an_answer_that_is_no_object_fails_the_whole_batch(answer):
    assert judge(json.dumps(answer), BATCH).failed == frozenset(BATCH)


def test_named_records_fail_and_no_others():
    entries = [{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]
    found = judge(json.dumps({"batchItemFailures": entries}), BATCH)
    assert (found.failed, found.reason) == (frozenset("bc"), None)


def test_a_record_named_twice_fails_once():
    entries = [{"itemIdentifier": "b"}] * 2
    assert judge(json.dumps({"batchItemFailures": entries}), BATCH).failed == frozenset("b")


def _scenarios(snapshots, outcome):
    for name, snapshot in snapshots.items():
        if f"report_batch_item_{outcome}_scenarios" in name:
            yield name.rpartition("[")[2].rstrip("]"), snapshot["recorded-content"]


ANSWERS = {
    "empty_string_item_identifier_failure": {"batchItemFailures": [{"itemIdentifier": ""}]},
    "null_item_identifier_failure": {"batchItemFailures": [{"itemIdentifier": None}]},
    "invalid_key_foo_failure": {"batchItemFailures": [{"foo": 123}]},
    "invalid_key_foo_null_value_failure": {"batchItemFailures": [{"foo": None}]},
    "item_identifier_not_present_failure": {"batchItemFailures": [{"itemIdentifier": 123}]},
    "empty_string_success": "",
    "empty_list_success": [],
    "null_success": None,
    "empty_dict_success": {},
    "empty_batch_item_failure_success": {"batchItemFailures": []},
    "null_batch_item_failure_success": {"batchItemFailures": None},
}


@pytest.mark.parametrize("outcome", ["failure", "success"])
def test_aws_itself_judged_the_same_answers_so(shared_events, outcome):
    file = "localstack/esm-snapshots/test_lambda_integration_kinesis.snapshot.json"
    snapshots = json.loads((shared_events / file).read_text("utf-8"))
    seen = 0
    for name, content in _scenarios(snapshots, outcome):
        if name in ANSWERS:
            seen += 1
            events = content["kinesis_events"] if outcome == "failure" else [content]
            judged_failed = bool(judge(json.dumps(ANSWERS[name]), ["49"]).failed)
            assert judged_failed == (outcome == "failure"), name
            assert len(events) == (3 if outcome == "failure" else 1)
    assert seen >= 5


@pytest.mark.parametrize("answer", ["", "hello", "{", "\x00", "[" * 100_000])
def test_an_answer_that_is_no_json_fails_the_whole_batch(answer):
    assert judge(answer, BATCH).failed == frozenset(BATCH)
