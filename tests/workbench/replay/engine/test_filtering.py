"""Filtering: what passes a mapping's filters, and what they cannot see."""

import json

import pytest

from tests.factories import dynamodb_change, kinesis_record, sqs_message
from tests.workbench.replay.engine.runs import items_of
from workbench.replay.engine.filtering import admitted


def passes(record, *patterns):
    (item,) = items_of([record])
    return admitted(item, tuple(json.dumps(pattern) for pattern in patterns))


def test_no_filter_lets_everything_through():
    assert passes(kinesis_record(1, b"\xff"))


def test_one_filter_of_several_is_enough():
    record = kinesis_record(1, {"state": "paid"})
    assert passes(record, {"data": {"state": ["open"]}}, {"data": {"state": ["paid"]}})
    assert not passes(record, {"data": {"state": ["open"]}}, {"data": {"state": ["shut"]}})


@pytest.mark.parametrize("record", [sqs_message(1, b"paid"), kinesis_record(1, b"paid")])
def test_plain_text_fails_a_pattern_of_json(record):
    data = "body" if record.service == "aws:sqs" else "data"
    assert not passes(record, {data: {"state": [{"exists": False}]}})


def test_json_fails_a_pattern_of_plain_text_and_plain_text_passes_it():
    assert passes(sqs_message(1, b"paid"), {"body": ["paid"]})
    assert not passes(sqs_message(1, {"state": "paid"}), {"body": [{"anything-but": ["x"]}]})


def test_a_pattern_without_data_looks_at_metadata_alone():
    record = kinesis_record(1, b"\xff\xfe", key="customer-7")
    assert passes(record, {"partitionKey": ["customer-7"]})
    assert not passes(record, {"partitionKey": ["customer-8"]})


@pytest.mark.parametrize("member", ["eventSource", "eventSourceARN", "awsRegion"])
@pytest.mark.parametrize("record", [sqs_message(1), kinesis_record(1)])
def test_what_is_put_on_after_filtering_cannot_be_matched(record, member):
    assert not passes(record, {member: [{"exists": True}]})
    assert passes(record, {member: [{"exists": False}]})


def test_a_change_has_its_source_of_its_own_as_on_aws():
    assert passes(dynamodb_change(1), {"eventSource": ["aws:dynamodb"]})
    assert not passes(dynamodb_change(1), {"eventSourceARN": [{"exists": True}]})


def test_the_instant_of_a_change_is_a_number_to_filters_as_on_aws():
    pattern = {"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">", 0]}]}}
    assert passes(dynamodb_change(1), pattern)
