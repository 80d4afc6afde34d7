"""A connector's configuration and errors pass the redactor; everything else is the connector's own."""

from collections.abc import Iterator

import pytest

from connectors.errors import CorruptAnswerError
from connectors.record import Checkpoint, Page, Partition, Resource
from tests.factories import QUEUE, T0
from tests.workbench.trace.scripted import ScriptedConnector
from workbench.errors import WorkbenchError
from workbench.trace.redaction.connector import RedactedConnector
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.profile import Profile
from workbench.trace.redaction.redactor import Redactor
from workbench.trace.redaction.rules import Rules

MAIL = "bob@example.com"
REDACTOR = Redactor(Rules(Profile("detect"), Key(bytes(32))))


class Failing(ScriptedConnector):
    """Quotes a payload in everything that it says."""

    error: Exception = CorruptAnswerError(f"found {MAIL}")

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        yield from ()
        raise self.error

    def resources(self) -> list[Resource]:
        return [Resource(QUEUE, "get-queue-attributes", T0, f'{{"Policy": "{MAIL}"}}')]


def failing(error: Exception) -> RedactedConnector:
    connector = Failing(QUEUE, {"shard": 1})
    connector.error = error
    return RedactedConnector(connector, REDACTOR)


class Stubborn(Exception):
    """Says the same whatever its arguments are."""

    def __str__(self) -> str:
        return f"found {MAIL}"


@pytest.mark.parametrize(
    "error", [CorruptAnswerError(f"found {MAIL}"), ValueError(f"bad {MAIL}"), KeyError(MAIL)]
)
def test_an_error_keeps_its_class_and_loses_what_it_quotes(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        list(failing(error).read(Partition("shard"), None))

    assert MAIL not in str(raised.value)
    assert "tok_email_" in str(raised.value)


def test_an_error_that_cannot_be_changed_is_told_by_another() -> None:
    with pytest.raises(WorkbenchError, match="Stubborn: found tok_email_"):
        list(failing(Stubborn()).read(Partition("shard"), None))


def test_configuration_is_redacted() -> None:
    [resource] = failing(ValueError()).resources()

    assert MAIL not in resource.document


def test_pages_positions_and_the_end_are_the_connector_s() -> None:
    own = ScriptedConnector(QUEUE, {"shard": 3}, at_once=2)
    connector = RedactedConnector(own, REDACTOR)

    pages = connector.read(connector.partitions()[0], None)
    first = next(pages)
    next(pages)
    pages.close()  # type: ignore[attr-defined]  # a generator, as every connector's
    connector.close()

    assert len(first.records) == 2
    assert own.resumed_after == [("shard", 2)]
    assert (connector.source_arn, connector.service, own.closed) == (QUEUE, "aws:kinesis", 1)
    assert connector.started == ["shard"], "what only this connector has is there too"
