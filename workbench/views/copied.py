"""A delivery to take along: the SQL that returns it, a test with its event, a command that gives it to a function.

What is copied is pasted into a shell or a file and run. So nothing of a payload stands in it but inside quotes, in
ASCII, control characters written out: a terminal takes some of them for keys, quotes or not.
"""

import json
import re
import shlex
from collections.abc import Mapping
from pprint import pformat
from textwrap import indent
from typing import Any

from connectors.record import Service
from workbench.errors import UsageError
from workbench.replay.events import event, event_record
from workbench.replay.events.payload import region_of
from workbench.trace import Trace
from workbench.trace.sql import load_statement

Row = Mapping[str, Any]
FORMS = ("sql", "pytest", "aws")
PLACEHOLDER = "FUNCTION"
"""Stands for the function's name where no mapping of the trace tells it."""
_PLAIN_ARN = re.compile(r"[\w:./$-]+", re.ASCII)
_FIXTURE = '''"""Delivery {delivery_id} of a trace, as the event that a function is given."""

import copy

import pytest

{numbers}EVENT = (
{event}
)


@pytest.fixture
def event():
    return copy.deepcopy(EVENT)


def handler(event, context):
    """Stands for the function: import yours instead."""
    return None


def test_delivery_{delivery_id}(event):
    answer = handler(event, None)

    assert answer is None  # say what it should answer
'''


def copied(trace: Trace, row: Row, form: str) -> str:
    """A delivery in one of the forms in which it can be taken along.

    Args:
        trace: the trace, which may know the function's name.
        row: of `records`.
        form: `sql` (the statement that returns it), `pytest` (a test file that runs, its event in a fixture), `aws`
            (commands of AWS's command line, for whoever wants to run them).

    Raises:
        UsageError: another form; or an event of a service that calls no function.

    Example:
        >>> copied(trace, delivery(trace, 42), "sql")  # doctest: +SKIP
        'from records where delivery_id = 42'
    """
    match form:
        case "sql":
            return f"from records where delivery_id = {int(row['delivery_id'])}"
        case "pytest":
            return _as_pytest(row)
        case "aws":
            return _as_commands(row, _function(trace, row["source_arn"]))
    raise UsageError(f"wanted one of {', '.join(FORMS)}, found {form!r}")


def _as_pytest(row: Row) -> str:
    written = pformat(event([row]), width=96, sort_dicts=False)
    numbers = "".join(
        f'{name} = float("{name}")\n'
        for name in ("nan", "inf")
        if re.search(rf"\b{name}\b", written)
    )
    return _FIXTURE.format(
        delivery_id=int(row["delivery_id"]), numbers=numbers, event=indent(written, "    ")
    )


def _as_commands(row: Row, function: str) -> str:
    name = f"event-{int(row['delivery_id'])}.json"
    commands = [
        "# give it to a function",
        _file(event([row]), name),
        f"aws lambda invoke --function-name {shlex.quote(function)} --payload fileb://{name} answer.json",
    ]
    if row["service"] == Service.SQS:
        name = f"message-{int(row['delivery_id'])}.json"
        commands += [
            "# or send it to its queue again",
            _file(_sent_again(row), name),
            f"aws sqs send-message --cli-input-json file://{name}",
        ]
    return "\n".join(commands) + "\n"


def _file(document: Any, name: str) -> str:
    text = json.dumps(document, separators=(",", ":"))
    return f"printf '%s' {shlex.quote(text)} > {name}"


def _sent_again(row: Row) -> dict[str, Any]:
    """What SendMessage is asked; with the deduplication id that it had, so that a FIFO queue may drop it."""
    record = event_record(row)
    arn = row["source_arn"]
    domain = "amazonaws.com.cn" if arn.startswith("arn:aws-cn:") else "amazonaws.com"
    account, name = arn.split(":")[4:6]
    system = record.get("attributes") or {}
    user = record.get("messageAttributes") or {}
    asked = {
        "QueueUrl": f"https://sqs.{region_of(arn)}.{domain}/{account}/{name}",
        "MessageBody": record["body"],
        "MessageAttributes": {
            key: {member[:1].upper() + member[1:]: told for member, told in value.items() if told}
            for key, value in user.items()
        },
    }
    fifo = ("MessageGroupId", "MessageDeduplicationId")
    return asked | {member: system[member] for member in fifo if member in system}


def _function(trace: Trace, source_arn: str) -> str:
    """The one function that the source's mappings call."""
    statement = load_statement(__package__, "mapped_functions").text
    found = trace.sql(statement, source_arn=source_arn)["function_arn"].drop_nulls().to_list()
    is_told = len(found) == 1 and _PLAIN_ARN.fullmatch(found[0])
    return str(found[0]) if is_told else PLACEHOLDER
