"""Our own Python client says what Lambda's says; run in a process it is tested with the invoker."""

import json
from decimal import Decimal

import pytest

from workbench.replay.invokers import python_client
from workbench.replay.invokers.python_client import FaultError, LambdaContext, answer, load, marshal

lambdas = pytest.importorskip("awslambdaric.bootstrap")


def context():
    return LambdaContext("r", 0.0, "arn")


def theirs(name):
    with pytest.raises(lambdas.FaultException) as raised:
        lambdas._get_handler(name)
    return raised.value.exception_type, raised.value.msg


@pytest.mark.parametrize(
    "name", ["no_such_module.f", "json.no_such_function", "sys.exit", "itertools.count"]
)
def test_a_handler_that_does_not_load_is_told_in_lambdas_words(name):
    with pytest.raises(FaultError) as raised:
        load(name)
    assert (raised.value.error_type, str(raised.value)) == theirs(name)


def test_a_name_without_a_function_is_malformed():
    with pytest.raises(FaultError) as raised:
        load("nonsense")
    assert raised.value.error_type == theirs("nonsense")[0]


@pytest.mark.parametrize(
    "value",
    [None, {"a": [1, 2.5, "x"]}, Decimal("3"), Decimal("1.25"), (1, 2), float("nan"), {1: 2}],
)
def test_a_value_is_the_json_that_lambda_makes_of_it(value):
    assert json.dumps(json.loads(marshal(value))) == json.dumps(json.loads(lambdas.to_json(value)))


def test_what_a_handler_raises_is_lambdas_error_object_and_a_line_of_the_log(capsys):
    def handler(event, context):
        raise KeyError("x")

    kind, payload = answer(handler, b"{}", context())
    told = json.loads(payload)
    assert (kind, told["errorType"], told["errorMessage"], told["requestId"]) == (
        "error",
        "KeyError",
        "'x'",
        "r",
    )
    assert [python_client.__file__ in frame for frame in told["stackTrace"]] == [False]
    assert capsys.readouterr().out.startswith("[ERROR] KeyError: 'x'\rTraceback")


def test_bytes_are_handed_over_as_they_are():
    assert answer(lambda event, context: b"\x00", b"{}", context()) == ("response", b"\x00")


def test_time_that_is_over_is_not_negative():
    assert context().get_remaining_time_in_millis() == 0
