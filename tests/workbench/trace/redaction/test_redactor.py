"""Records, configuration and errors as they are stored and shown: equality, order, ids and sizes survive."""

import base64
import dataclasses
import gzip
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.record import Resource
from tests.factories import (
    QUEUE,
    T0,
    dynamodb_change,
    kinesis_record,
    log_event,
    page,
    sns_notification,
    sqs_message,
)
from workbench.errors import UsageError
from workbench.trace.redaction.actions import Action
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.profile import Profile, load_profile
from workbench.trace.redaction.redactor import Redactor, open_redactor
from workbench.trace.redaction.rules import Rules

KEY = Key(bytes(32))
MAIL = "bob@example.com"
TOKEN = KEY.token("email", MAIL)


def redactor(**rules: Any) -> Redactor:
    return Redactor(Rules(Profile("x", **rules), KEY))


ALL = redactor()


def test_a_record_that_holds_nothing_stays_as_it_is_but_for_its_hash() -> None:
    record = sqs_message(1, {"order": 1, "items": ["a", 2.50, None]}, group="g")

    [stored] = ALL.records([record])

    assert dataclasses.replace(stored, original_hash=None, original_bytes=None) == record
    assert stored.original_bytes == len(record.body)
    assert stored.original_hash == KEY.fingerprint(record.body)


def test_equal_payloads_stay_equal_and_others_apart() -> None:
    mask = redactor(paths={"$.n": Action.MASK})

    first, same, other = mask.records(
        [sqs_message(1, {"n": 1}), sqs_message(2, {"n": 1}), sqs_message(3, {"n": 2})]
    )

    assert first.body == same.body == other.body
    assert first.original_hash == same.original_hash != other.original_hash


def test_ids_and_positions_stay() -> None:
    record = kinesis_record(7, {"mail": MAIL}, key=MAIL)
    before = page(record, position="p")

    after = ALL.page(before)

    assert after.checkpoint == before.checkpoint
    [stored] = after.records
    for name in (
        "record_id",
        "sequence_number",
        "partition_id",
        "source_arn",
        "source_at",
        "received_at",
    ):
        assert getattr(stored, name) == getattr(record, name)


def test_an_ordering_key_and_its_repetition_become_one_token() -> None:
    [shard, fifo, item] = ALL.records(
        [
            kinesis_record(1, {}, key=MAIL),
            sqs_message(1, {}, group=MAIL),
            dynamodb_change(1, key=MAIL),
        ]
    )

    assert shard.ordering_key == fifo.ordering_key == TOKEN
    assert json.loads(shard.envelope)["PartitionKey"] == TOKEN
    assert json.loads(fifo.envelope)["Attributes"]["MessageGroupId"] == TOKEN
    assert json.loads(str(item.ordering_key)) == {"id": {"S": TOKEN}}
    assert json.loads(item.body)["Keys"] == {"id": {"S": TOKEN}}


def test_a_key_that_a_rule_matched_in_the_body_is_replaced_however_short() -> None:
    named = redactor(paths={"$.customer": Action.TOKEN})

    [record] = named.records([kinesis_record(1, {"customer": "7"}, key="7")])

    assert record.ordering_key == KEY.token("value", "7")
    assert json.loads(record.envelope)["PartitionKey"] == record.ordering_key


def test_digests_of_the_payload_do_not_stay() -> None:
    body = json.dumps({"pin": "1234"}).encode()
    message = sqs_message(1, body, group="g")
    dedup = hashlib.sha256(body).hexdigest()
    assert dedup in message.envelope

    [stored, again] = ALL.records([message, message])

    assert dedup not in stored.envelope + stored.attributes
    assert hashlib.md5(body).hexdigest() not in stored.envelope
    assert json.loads(stored.envelope)["MD5OfBody"] == hashlib.md5(stored.body).hexdigest()
    assert stored == again


def test_message_attributes_are_looked_into_and_keep_their_types() -> None:
    user = {
        "mail": {"StringValue": MAIL, "DataType": "String"},
        "password": {"StringValue": "x", "DataType": "String"},
    }
    message = dataclasses.replace(
        sqs_message(1, {}),
        attributes=json.dumps({"system": {}, "user": user}),
        envelope=json.dumps({"MessageAttributes": user, "MD5OfMessageAttributes": "0" * 32}),
    )

    [stored] = ALL.records([message])

    assert MAIL not in stored.attributes + stored.envelope
    assert json.loads(stored.attributes)["user"]["password"] == {
        "StringValue": KEY.token("value", "x"),
        "DataType": "String",
    }
    assert "0" * 32 not in stored.envelope


BINARY = [b"\xff\xfe\x00", b"\xf3\x89\x9a\xc2\x0a\x05hello", "bob".encode("utf-16-le"), b"\x1f\x8b damaged",
          b"\x0a\x10" + MAIL.encode() + b"\xff", gzip.compress(b"\xff\xfe")]  # fmt: skip


@pytest.mark.parametrize("body", BINARY)
def test_a_body_that_cannot_be_looked_into_is_replaced_whole(body: bytes) -> None:
    [stored, again] = ALL.records([kinesis_record(1, body), kinesis_record(2, body)])

    assert stored.body.startswith(b"tok_binary_")
    assert stored.body == again.body
    assert stored.original_bytes == len(body)


def test_a_body_in_gzip_stays_in_gzip() -> None:
    [stored, clean] = ALL.records(
        [
            kinesis_record(1, gzip.compress(MAIL.encode())),
            kinesis_record(2, gzip.compress(b"clean")),
        ]
    )

    assert gzip.decompress(stored.body) == TOKEN.encode()
    assert gzip.decompress(clean.body) == b"clean"


def test_a_body_too_deep_to_look_into_is_replaced_whole() -> None:
    body = b'{"password": "x", "a": ' + b"[" * 500
    [stored] = ALL.records([kinesis_record(1, body)])

    assert stored.body.startswith(b"tok_binary_")


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_or_let_an_address_through(noise: bytes) -> None:
    for body in (
        noise,
        noise + b" " + MAIL.encode() + b" ",
        b'{"x": "' + MAIL.encode() + b'"}' + noise,
    ):
        [stored] = ALL.records([kinesis_record(1, body)])

        assert MAIL.encode() not in stored.body


def test_a_fault_of_our_own_lets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr("workbench.trace.redaction.redactor.TextRedactor.redacted", fails)
    [stored] = ALL.records([kinesis_record(1, {"mail": MAIL}, key=MAIL)])

    assert MAIL not in repr(stored)
    assert stored.original_bytes == len(json.dumps({"mail": MAIL}, separators=(",", ":")))
    assert json.loads(stored.attributes) == {"system": {}, "user": {}}


def test_lines_of_a_log_are_redacted_and_lambda_s_own_stay() -> None:
    report = "REPORT RequestId: 8f5f\tDuration: 12.5 ms\tBilled Duration: 13 ms\tMax Memory Used: 70 MB\n"
    lines = [
        log_event(1, report),
        log_event(2, f"INFO user={MAIL} token=abc"),
        log_event(3, json.dumps({"message": MAIL})),
    ]

    stored = ALL.records(lines)

    assert stored[0].body.decode() == report
    assert stored[1].body.decode() == f"INFO user={TOKEN} token={KEY.token('value', 'abc')}"
    assert json.loads(stored[2].body) == {"message": TOKEN}


def test_a_notification_in_a_message_is_looked_into() -> None:
    body = {
        "Type": "Notification",
        "Message": json.dumps({"customer": {"email": MAIL}}),
        "Subject": f"for {MAIL}",
    }

    [stored] = ALL.records([sqs_message(1, body)])

    assert json.loads(json.loads(stored.body)["Message"]) == {"customer": {"email": TOKEN}}
    assert json.loads(stored.body)["Subject"] == f"for {TOKEN}"


def test_one_value_has_one_token_wherever_it_comes_from() -> None:
    by_rule = redactor(paths={"$.customer.email": Action.TOKEN})

    stored = by_rule.records(
        [
            sqs_message(1, {"customer": {"email": MAIL}}),
            sns_notification(1, {"customer": {"email": MAIL.upper()}}),
            log_event(1, f"mail {MAIL}"),
            dynamodb_change(1, {"customer": {"M": {"email": {"S": MAIL}}}}),
        ]
    )

    assert all(TOKEN.encode() in record.body for record in stored)


def test_an_allowlist_leaves_what_is_listed_and_what_is_aws_s() -> None:
    listed = Redactor(Rules(load_profile("allowlist:$.order.id"), KEY))
    user = {"mood": {"StringValue": "calm", "DataType": "String"}}
    message = dataclasses.replace(
        sqs_message(1, {"order": {"id": 7, "note": "calm"}}, group="calm"),
        attributes=json.dumps({"system": {"SentTimestamp": "1"}, "user": user}),
    )

    [stored, text, report] = listed.records(
        [message, log_event(1, "user is calm"), log_event(2, "START RequestId: 1 Version: 2\n")]
    )

    assert json.loads(stored.body) == {"order": {"id": 7, "note": None}}
    assert "calm" not in repr(stored)
    assert json.loads(stored.attributes)["system"] == {"SentTimestamp": "1"}
    assert json.loads(stored.envelope)["Attributes"]["MessageGroupId"] == stored.ordering_key
    assert text.body == b"[dropped]"
    assert report.body == b"START RequestId: 1 Version: 2\n"
    assert "calm" not in listed.text("wanted numbers, found {'mood': 'calm'}")


def test_configuration_loses_its_secrets_and_keeps_its_form() -> None:
    policy = json.dumps({"Statement": [{"Condition": {"IpAddress": {"aws:SourceIp": "8.8.8.8"}}}]})
    documents = {
        "get-queue-attributes": {"Attributes": {"VisibilityTimeout": "30", "Policy": policy}},
        "get-function-configuration": {
            "Timeout": 3,
            "Description": f"asks {MAIL}",
            "Environment": {"Variables": {"STAGE": "prod", "LEFT": "(not captured)"}},
        },
    }

    stored = {
        each.kind: json.loads(each.document)
        for each in ALL.resources(
            [
                Resource(QUEUE, kind, T0, json.dumps(document))
                for kind, document in documents.items()
            ]
        )
    }

    queue, function = stored.values()
    assert queue["Attributes"]["VisibilityTimeout"] == "30"
    assert "8.8.8.8" not in queue["Attributes"]["Policy"]
    assert function["Timeout"] == 3
    assert function["Description"] == f"asks {TOKEN}"
    assert function["Environment"]["Variables"] == {
        "STAGE": KEY.token("value", "prod"),
        "LEFT": "(not captured)",
    }


def test_configuration_that_cannot_be_looked_into_is_replaced() -> None:
    [stored] = ALL.resources([Resource(QUEUE, "x", T0, '{"password": "x", "a":' + "[" * 500)])

    assert json.loads(stored.document).keys() == {"redacted"}


def test_an_error_that_quotes_a_payload_is_redacted() -> None:
    said = ALL.text(f"wanted numbers, found {{'mail': '{MAIL}', 'password': 'x1'}}")

    assert said.startswith("wanted numbers, found")
    assert MAIL not in said
    assert "x1" not in said
    by_path = redactor(paths={"$.customer.nick": Action.TOKEN})
    assert "bobby" not in by_path.text("found {'customer': {'nick': 'bobby'}}")


def test_what_a_trace_notes_tells_profiles_and_keys_apart_and_neither() -> None:
    noted = json.loads(ALL.described)

    assert noted.keys() == {"profile", "rules", "key"}
    assert KEY.secret.hex() not in ALL.described
    assert base64.b64encode(KEY.secret).decode() not in ALL.described + repr(ALL)
    assert (
        json.loads(Redactor(Rules(Profile("x"), Key(bytes(31) + b"1"))).described)["key"]
        != noted["key"]
    )


def test_options_name_a_redactor(tmp_path: Any) -> None:
    opened = open_redactor("detect", tmp_path / "k", tmp_path / "t.trace")

    assert opened.rules.profile.name == "detect"
    assert (
        opened.rules.key == open_redactor("detect", tmp_path / "k", tmp_path / "t.trace").rules.key
    )
    with pytest.raises(UsageError):
        open_redactor("nothing", tmp_path / "k", tmp_path / "t.trace")
