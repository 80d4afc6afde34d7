"""A remark says why nothing can be told of consumers; where something can, or there is nothing, there is none."""

from pathlib import Path

import pytest

from connectors.record import Record
from tests.factories import sqs_message, write_trace
from tests.workbench.trace.invoked import invoked
from workbench.findings.consumers.told_by_logs import no_log_names_records
from workbench.questions import Scope

MESSAGE = sqs_message(1)


@pytest.mark.parametrize(
    ("records", "is_told"),
    [
        ([], True),
        ([MESSAGE], True),
        (invoked(1, "hello", at=2), True),
        ([MESSAGE, *invoked(1, f"got {MESSAGE.record_id}", at=2)], True),
        ([MESSAGE, *invoked(1, "hello", at=2)], False),
    ],
)
def test_messages_and_logs_that_do_not_meet_are_said(
    records: list[Record], is_told: bool, tmp_path: Path
) -> None:
    with write_trace(tmp_path / "t.trace", records) as trace:
        why = no_log_names_records(trace, Scope())

    assert (why is None) == is_told
