"""Events one at a time: retries under one request id, what destinations get, and answers to callers that wait."""

import json
import re
from datetime import datetime, timedelta

import pytest

from tests.factories import T0
from tests.workbench.replay.engine.recorded_destinations import recorded_destination_cases
from tests.workbench.replay.engine.runs import FunctionInvoker
from tests.workbench.replay.events.rows import imported
from workbench.mapping import EventSourceMapping
from workbench.replay.engine.asynchronous import dead_letter_attributes, malformed
from workbench.replay.engine.invocation import COLUMNS, Invocation, Item
from workbench.replay.journal import RunJournal
from workbench.replay.play import play
from workbench.replay.settings import FunctionSettings, InvokeSettings, Settings

FAILED, DONE, DEAD = (f"arn:aws:sqs:us-east-1:111122223333:{n}" for n in ("failed", "done", "dead"))
BUCKET = "arn:aws:s3:::failed"
BUS = "arn:aws:events:us-east-1:111122223333:event-bus/results"


def placed(number, seconds=0.0):
    return {
        "version": "0",
        "id": f"00000000-0000-4000-8000-{number:012}",
        "detail-type": "order placed",
        "source": "shop",
        "account": "111122223333",
        "time": f"{T0 + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}",
        "region": "us-east-1",
        "resources": [],
        "detail": {"order": number},
    }


class Ran:
    """What became of events."""

    def __init__(self, events, handler, invoker=None, **invoke):
        self.tables = {"outcomes": [], "invocations": [], "destination_records": []}
        items = []
        for number, event in enumerate(events, 1):
            (row,) = imported(event)
            row |= {"delivery_id": number, "arrives_at": row["source_at"] or T0}
            items.append(Item(**{name: row[name] for name in COLUMNS}))
        settings = Settings(
            EventSourceMapping().completed("event"),
            FunctionSettings("notify"),
            invoke=InvokeSettings(**invoke),
        )
        journal = RunJournal("run", self._write)
        play(items, settings, items[0].source_arn, invoker or FunctionInvoker(handler), journal)
        journal.close(items)
        self.verdicts = dict(journal.verdicts)

    def _write(self, tables):
        for name, table in tables.items():
            self.tables[name] += table.to_pylist()

    def begun(self):
        """Seconds and request of each invocation."""
        rows = self.tables["invocations"]
        return [((r["started_at"] - T0).total_seconds(), r["invocation_id"]) for r in rows]

    def sent(self):
        return [
            (row["destination_arn"], json.loads(row["document"]))
            for row in self.tables["destination_records"]
        ]


def fail(event):
    raise ValueError("no")


def test_the_function_gets_the_event_as_it_was():
    seen = []
    ran = Ran([placed(1), placed(2, 5)], seen.append)

    assert seen == [placed(1), placed(2, 5)]
    assert ran.verdicts == {"succeeded": 2}


def test_an_event_that_fails_comes_again_after_one_and_two_minutes_under_its_request_id():
    ran = Ran([placed(1)], fail)

    seconds, requests = zip(*ran.begun(), strict=True)
    assert seconds == (0, 60, 180)
    assert len(set(requests)) == 1
    assert ran.verdicts == {"discarded_retries": 1}
    assert [row["attempt"] for row in ran.tables["outcomes"]] == [1, 2, 3]


def test_events_that_come_meanwhile_are_not_held_up():
    def first_fails(event):
        if event["detail"]["order"] == 1:
            raise ValueError("no")

    ran = Ran([placed(1), placed(2, 30), placed(3, 90)], first_fails)

    assert [seconds for seconds, _ in ran.begun()] == [0, 30, 60, 90, 180]


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (2, 3)])
def test_retries_are_those_of_the_function(retries, attempts):
    assert len(Ran([placed(1)], fail, maximum_retry_attempts=retries).begun()) == attempts


@pytest.mark.parametrize(("age_s", "begun"), [(60, [0]), (61, [0, 60]), (90, [0, 60])])
def test_an_event_that_would_be_too_old_by_its_next_attempt_is_given_up_at_once(age_s, begun):
    ran = Ran([placed(1)], fail, maximum_event_age=timedelta(seconds=age_s), on_failure_arn=FAILED)

    assert [seconds for seconds, _ in ran.begun()] == begun
    assert ran.verdicts == {"discarded_age": 1}
    ((_, document),) = ran.sent()
    assert document["requestContext"]["condition"] == "EventAgeExceeded"
    assert document["requestContext"]["approximateInvokeCount"] == len(begun)
    assert document["responsePayload"]["errorMessage"] == "no"
    (row,) = ran.tables["destination_records"]
    assert (row["sent_at"] - T0).total_seconds() == begun[-1]


def test_destinations_get_the_event_and_what_the_function_said():
    ran = Ran([placed(1)], fail, on_failure_arn=FAILED, on_success_arn=DONE)

    ((arn, document),) = ran.sent()
    assert arn == FAILED
    assert document["requestPayload"] == placed(1)
    assert document["requestContext"] == {
        "requestId": ran.begun()[0][1],
        "functionArn": "arn:aws:lambda:us-east-1:111122223333:function:notify:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert document["responseContext"]["functionError"] == "Unhandled"
    assert document["responsePayload"]["errorMessage"] == "no"
    assert document["responsePayload"]["requestId"] == ran.begun()[0][1]
    (told,) = Ran([placed(1)], lambda event: {"ok": True}, on_success_arn=DONE).sent()
    assert told[0] == DONE
    assert told[1]["requestContext"]["condition"] == "Success"
    assert told[1]["responsePayload"] == {"ok": True}


def test_the_functions_dead_letter_queue_gets_the_bare_event():
    ran = Ran([placed(1)], fail, dead_letter_arn=DEAD)

    assert ran.sent() == [(DEAD, placed(1))]
    assert ran.verdicts == {"dead_lettered": 1}


def test_a_dead_letter_tells_of_its_error_in_attributes():
    told = dead_letter_attributes("request-1", Invocation(error_type="E", error_message="ö" * 999))

    assert told["RequestID"] == {"DataType": "String", "StringValue": "request-1"}
    assert told["ErrorCode"] == {"DataType": "Number", "StringValue": "200"}
    assert told["ErrorMessage"] == {"DataType": "String", "StringValue": "ö" * 512}


def test_a_bus_gets_the_record_as_the_detail_of_an_event():
    ((arn, event),) = Ran([placed(1)], lambda event: {"ok": True}, on_success_arn=BUS).sent()

    assert arn == BUS
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert (event["source"], event["time"]) == ("lambda", f"{T0:%Y-%m-%dT%H:%M:%SZ}")
    assert event["resources"] == [BUS, event["detail"]["requestContext"]["functionArn"]]
    assert event["detail"]["responsePayload"] == {"ok": True}
    ((_, event),) = Ran([placed(1)], fail, on_failure_arn=BUS).sent()
    assert event["detail-type"] == "Lambda Function Invocation Result - Failure"


def test_a_bucket_gets_the_record_under_a_key_that_tells_function_and_instant():
    (row,) = Ran([placed(1)], fail, on_failure_arn=BUCKET).tables["destination_records"]

    at = r"2026/11/20/2026-11-20T10\.03\.00"
    assert re.fullmatch(rf"aws/lambda/async/notify/{at}-[0-9a-f-]{{36}}", row["object_key"])
    assert json.loads(row["document"])["requestPayload"] == placed(1)


def test_destinations_get_what_aws_was_recorded_sending(shared_events, capsys):
    cases = recorded_destination_cases(shared_events)
    wrong = {case.name: found for case in cases if (found := list(case.disagreements()))}
    with capsys.disabled():
        print(f"\ndestinations: cases={len(cases)} agree={len(cases) - len(wrong)}")
    assert not wrong
    assert len(cases) == 9


def test_a_run_is_the_same_each_time():
    def third_fails(event):
        if event["detail"]["order"] % 3 == 0:
            raise ValueError("no")

    events = [placed(n, n) for n in range(1, 10)]
    one, other = (Ran(events, third_fails, on_failure_arn=FAILED).tables for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("version", "answer", "reason"),
    [
        ("1.0", {"statusCode": 200, "body": "ok"}, None),
        ("1.0", {"statusCode": 204}, None),
        ("1.0", {"body": "ok"}, "statusCode is null"),
        ("1.0", {"statusCode": "200"}, 'statusCode is "200"'),
        ("1.0", {"statusCode": 200, "body": {"a": 1}}, "body is"),
        ("1.0", {"statusCode": 200, "headers": []}, "headers is"),
        ("1.0", "ok", "not an object"),
        ("1.0", None, "not an object"),
        ("2.0", "ok", None),
        ("2.0", {"any": "thing"}, None),
        ("2.0", None, None),
        ("2.0", {"statusCode": 200, "body": 3}, "body is 3"),
    ],
)
def test_an_answer_that_is_no_response_is_told(version, answer, reason):
    told = malformed(json.dumps({"version": version}), json.dumps(answer))
    assert told is None if reason is None else reason in (told or "")


def test_a_caller_that_waits_is_answered_once_and_a_bad_answer_is_a_failure(shared_events):
    path = shared_events / "powertools-lambda-python" / "apiGatewayProxyEvent.json"
    event = json.loads(path.read_text())

    assert Ran([event], lambda request: {"statusCode": 200}).verdicts == {"succeeded": 1}
    ran = Ran([event], lambda request: "ok")
    assert ran.verdicts == {"failed": 1}
    (row,) = ran.tables["outcomes"]
    assert row["error_message"] == 'the answer is no response: "ok", not an object'


def test_an_answer_of_a_handler_that_failed_is_not_looked_at(shared_events):
    class Crashed:
        parallel = 1

        def invoke(self, batch, request_id):
            return Invocation(error_type="Runtime.ExitError", error_message="gone")

        def renew(self):
            pass

        def close(self):
            pass

    path = shared_events / "powertools-lambda-python" / "albEvent.json"
    ran = Ran([json.loads(path.read_text())], None, Crashed())
    (row,) = ran.tables["outcomes"]
    assert (row["verdict"], row["error_message"]) == ("failed", "gone")
    assert isinstance(row["started_at"], datetime)
