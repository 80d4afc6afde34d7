"""Filters in SQL: the same answers as in Python, row by row, and none where nothing can be told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import write_trace
from workbench.trace import Trace


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    with write_trace(tmp_path / "t.trace", []) as trace:
        yield trace


def test_a_policy_is_asked_row_by_row(trace: Trace) -> None:
    found = trace.sql("""
      select sns_admits(policy, 'MessageBody', '{}', body) as passes
      from (values (null, 'x'::blob), ('{"a":[1]}', '{"a":1}'::blob), ('{"a":[1]}', 'x'::blob), ('{', null))
        as t(policy, body)
    """)

    assert found["passes"].to_list() == [True, True, False, None]


def test_criteria_are_asked_row_by_row(trace: Trace) -> None:
    criteria = '{"Filters":[{"Pattern":"{\\"body\\":{\\"a\\":[1]}}"}]}'

    found = trace.sql(
        """
      select mapping_admits(criteria, service, body, null) as passes
      from (values (null, 'aws:sqs', 'x'::blob), ($criteria, 'aws:sqs', '{"a":1}'::blob), ($criteria, 'aws:sqs', null),
                   ($criteria, 'aws:sns', 'x'::blob), ($criteria, null, 'x'::blob)) as t(criteria, service, body)
    """,
        criteria=criteria,
    )

    assert found["passes"].to_list() == [True, True, False, None, None]
