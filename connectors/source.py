"""Reads what a person types for a source: an ARN, or a short form such as `kinesis:orders`."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connectors.errors import ConnectorError
from connectors.record import Mode, Service

_SHORT: Mapping[str, Service] = MappingProxyType(
    {
        "kinesis": Service.KINESIS,
        "sqs": Service.SQS,
        "sns": Service.SNS,
        "dynamodb": Service.DYNAMODB,
        "lambda": Service.LOGS,
        "logs": Service.LOGS,
    }
)
_FORMS = (
    "kinesis:STREAM, sqs:QUEUE, sns:TOPIC, dynamodb:TABLE, lambda:FUNCTION, logs:GROUP "
    "or the ARN of one of these"
)
# What stands behind `arn:PARTITION:SERVICE:REGION:ACCOUNT:`, by service.
_ARN_TAIL: Mapping[str, str] = MappingProxyType(
    {
        "kinesis": r"stream/(?P<name>[\w.-]+)",
        "sqs": r"(?P<name>[\w-]+(\.fifo)?)",
        "sns": r"(?P<name>[\w-]+(\.fifo)?)",
        "dynamodb": r"table/(?P<name>[\w.-]+)(?P<stream>/stream/[\w:.-]+)?",
        "lambda": r"function:(?P<name>[\w-]+)(:[\w$-]+)?",
        "logs": r"log-group:(?P<name>[\w./#-]+)(:\*)?",
    }
)


@dataclass(frozen=True, slots=True)
class SourceName:
    """A source as named by a person, before AWS was asked."""

    service: Service
    name: str
    """Queue, topic, stream, table or log group; a function's is `/aws/lambda/FUNCTION`."""
    arn: str | None = None
    """Of the source itself (a table's stream, a log group); None where AWS must be asked."""
    function: str | None = None
    """The Lambda function, where one was named."""
    region: str | None = None
    account: str | None = None
    partition: str | None = None
    """`aws`, `aws-cn`, `aws-us-gov`."""


def parse_source(text: str) -> SourceName:
    """The source that a text names.

    Args:
        text: An ARN of a queue, topic, stream, table, table stream, log group or function, or
            one of the short forms.

    Returns:
        The name in parts; nothing is asked of AWS.

    Raises:
        ConnectorError: None of the forms; the message lists them and the nearest match.

    Example:
        >>> parse_source("kinesis:orders").service
        <Service.KINESIS: 'aws:kinesis'>

    Source: Service Authorization Reference, "Resource types defined by …".
    """
    word, _, name = text.strip().partition(":")
    if word == "arn":
        return _from_arn(text.strip())
    if word not in _SHORT or not name:
        raise _unknown(text, word, name)
    return _named(word, name)


def default_mode(service: Service) -> Mode:
    """How a service is read when the user names no mode.

    Raises:
        ConnectorError: A queue: both ways of reading one change it, so one must be named.

    Example:
        >>> default_mode(Service.KINESIS)
        <Mode.OBSERVE: 'observe'>
    """
    if service == Service.SQS:
        raise ConnectorError(
            "a mode was wanted for a queue, found none; name one: peek (hides messages for up to "
            "30 s, raises their receive count, gives them back) or drain (deletes them once stored)"
        )
    return Mode.TAP if service == Service.SNS else Mode.OBSERVE


def _named(word: str, name: str) -> SourceName:
    if word == "lambda":
        return SourceName(Service.LOGS, f"/aws/lambda/{name}", function=name)
    return SourceName(_SHORT[word], name)


def _from_arn(arn: str) -> SourceName:
    parts = arn.split(":", 5)
    tail = parts[5] if len(parts) == 6 else ""
    service = parts[2] if len(parts) > 2 else ""
    match = re.fullmatch(_ARN_TAIL.get(service, "(?!)"), tail)
    if match is None:
        raise _unknown(arn, service, tail)
    found = _named(service, match["name"])
    partition, region, account = parts[1], parts[3], parts[4]
    own_arn: str | None = arn
    if found.service == Service.LOGS:
        own_arn = f"arn:{partition}:logs:{region}:{account}:log-group:{found.name}"
    elif found.service == Service.DYNAMODB and match["stream"] is None:
        own_arn = None  # the table's: which of its streams is the latest, only AWS knows
    return SourceName(
        found.service, found.name, own_arn, found.function, region, account, partition
    )


def _unknown(text: str, word: str, name: str) -> ConnectorError:
    near = difflib.get_close_matches(word.lower(), _SHORT, n=1)
    hint = f"; did you mean {near[0]}:{name or 'NAME'}?" if near and word != "arn" else ""
    if text.startswith("arn:"):
        hint = f"; its tail {name!r} is not that of a source" if word in _SHORT else ""
    return ConnectorError(f"a source was wanted, found {text!r}{hint}; forms: {_FORMS}")
