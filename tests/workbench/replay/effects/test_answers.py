"""Scripts, faults and earlier runs answer before the minimal success does."""

import pytest

from workbench.errors import UsageError
from workbench.replay.effects.answers import Script, in_turn, recorded, scripted, throttling
from workbench.replay.effects.call import Answer, Answering, Call
from workbench.replay.effects.models import service_model
from workbench.replay.engine.invocation import Effect


def called(operation: str, ordinal: int = 1, **parameters: object) -> Call:
    model = service_model("dynamodb").operation_model(operation)
    return Call(
        service="dynamodb",
        operation=operation,
        parameters=parameters,
        model=model,
        protocol="json",
        ordinal=ordinal,
    )


def asked(answering: Answering, call: Call) -> Answer:
    found = answering(call)
    assert found is not None
    return found


def test_a_script_answers_the_calls_that_match_and_as_often_as_it_says() -> None:
    script = Script.of(
        {
            "service": "dynamodb",
            "operation": "GetItem",
            "match": {"TableName": [{"prefix": "or"}]},
            "answer": {"Item": {"a": {"B": {"base64": "AQ=="}}}},
            "times": 1,
        }
    )
    answers = in_turn(scripted([script]))

    assert asked(answers, called("GetItem", TableName="people")).means == "minimal"
    first = asked(answers, called("GetItem", TableName="orders"))
    assert (first.means, first.members) == ("scripted", {"Item": {"a": {"B": b"\x01"}}})
    assert asked(answers, called("GetItem", TableName="orders")).means == "minimal"


def test_a_script_with_a_key_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="answr"):
        Script.of({"service": "sqs", "operation": "SendMessage", "answr": {}})


def test_the_calls_that_are_struck_are_throttled_as_their_service_does() -> None:
    answers = in_turn(throttling(lambda call: call.ordinal == 2))

    found = [asked(answers, called("PutItem", ordinal)).error for ordinal in (1, 2, 3)]

    assert [each and each.code for each in found] == [
        None,
        "ProvisionedThroughputExceededException",
        None,
    ]


def test_an_earlier_run_answers_equal_calls_in_their_order() -> None:
    answered = ({"means": "minimal", "answer": {"Count": number}} for number in (1, 2))
    effects = [Effect("dynamodb", "Scan", {"TableName": "t"}, each) for each in answered]
    answers = in_turn(recorded(effects))

    found = [asked(answers, called("Scan", TableName="t")).members["Count"] for _ in range(3)]

    assert found == [1, 2, 2]
    assert asked(answers, called("Scan", TableName="other")).means == "minimal"
