"""Statements in files: each is one, its header says truly what it asks for and what it returns, and someone uses it."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.conftest import REPOSITORY
from tests.workbench.findings.traces import T0
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.sql import Statement, load_statement, with_literals

CATALOG = ("workbench/trace/catalog.sql", "workbench/trace/upgrades/")
"""Files of many statements: SQLite's, run when a trace is made or brought to our format."""
FILES = {
    str(path.relative_to(REPOSITORY)): path
    for path in sorted((REPOSITORY / "workbench").rglob("*.sql"))
    if not str(path.relative_to(REPOSITORY)).startswith(CATALOG)
}
MEANINGS: dict[str, object] = {
    "source_arn": "arn:aws:kinesis:us-east-1:111111111111:stream/orders",
    "since": T0,
    "until": T0 + timedelta(hours=1),
    "key": "$.order_id",
    "sequence": "$.version",
    "event_time": "$.placed_at",
    "kept_key": "$.order_id",
    "kept_sequence": "$.number",
    "kept_event_time": None,
    "capture_id": "c1",
    "run_id": "r1",
    "log_group": "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge",
    "reports": False,
    "run_a": "r1",
    "run_b": "r2",
    "delivery_id": 1,
    "delivery_ids": [1, 2],
    "invocation_id": "i1",
    "invocation_ids": ["i1"],
    "record_ids": ["m1"],
    "value": "order-1",
    "most_bytes": 100,
    "buckets": 10,
    "series": 3,
    "resend_window_ms": 1_000,
    "retry_window_ms": 1_000,
    "settle_ms": 1_000,
    "chance": 0.01,
    "min_certainty": 1.0,
    "compare": "bytes",
    "ignore": ("$.sent_at",),
    "kpl_window_ms": 1_000,
    "dedup_interval_ms": 300_000,
    "least_overlap_ms": 10,
    "records_limit": 1_000,
    "bytes_limit": 1_048_576,
    "times_mean": 10,
    "least_records": 5,
    "least_attempts": 3,
    "least_success_share": 0.5,
    "neighbour_ms": 60_000,
    "times_fair": 2,
    "least_keys": 5,
    "idle_ms": 1_000,
    "least_invocations": 100,
    "p99_init_share": 0.5,
    "bucket_s": 60,
    "producer": "$.device",
    "clock_error_ms": 100,
    "aws_clock_error_ms": 10,
    "least_named_requests": 10,
    "least_named_share": 0.95,
    "throttle_quiet_ms": 60_000,
    "attempts_window_ms": 60_000,
    "least_amplification": 2.0,
    "most_goodput": 0.5,
    "least_retried": 10,
    "tolerance_ms": 60_000,
    "regular_share": 0.95,
    "least_runs": 20,
    "lateness_ms": 5_000,
    "lateness_floor_ms": 1_000,
    "times_tail": 2,
    "least_arrivals": 10,
    "delivery_lag_ms": 1_000,
    "handling_lag_ms": 1_000,
    "least_life_share": 0.9,
    "least_shown_share": 0.9,
    "source_arns": ["arn:aws:kinesis:us-east-1:111111111111:stream/orders"],
    "chunk_bytes": 65_536,
    "unit_bytes": 25_600,
    "grain_bytes": 1_024,
    "billing_step_ms": 1,
    "topic_arn": "arn:aws:sns:us-east-1:111111111111:orders",
    "dead_letter_arn": "arn:aws:sqs:us-east-1:111111111111:orders-dlq",
    "from_ms": 1_763_632_800_000,
    "to_ms": 1_763_636_400_000,
    "step_ms": 1_000,
    "by_partition": True,
    "most": 10,
    "log_groups": ["arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"],
}
"""A value for every parameter there is: one name means the same in every file."""


@pytest.fixture(scope="module")
def empty_trace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    folder: Path = tmp_path_factory.mktemp("empty") / "t.trace"
    TraceWriter(folder, "import", [], lambda: T0).close()
    with open_trace(folder) as trace:
        yield trace


def statement(file: str) -> Statement:
    path = FILES[file]
    package = ".".join(path.parent.relative_to(REPOSITORY).parts)
    return load_statement(package, path.stem)


def strings(package: Path) -> Iterator[str]:
    """Patterns of the strings that the package's modules write, whole or with something filled in front."""
    for module in package.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.Constant):
                yield r"\w+" + re.escape(str(node.values[-1].value))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.escape(node.value)


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_one_statement(file: str) -> None:
    assert len(duckdb.extract_statements(statement(file).text)) == 1
    assert not statement(file).body.endswith(";"), "so that it can stand inside another"


@pytest.mark.parametrize("file", FILES)
def test_the_first_line_says_what_a_row_is(file: str) -> None:
    assert re.match(r"-- (One|At most one) row\b.*", statement(file).text)


@pytest.mark.parametrize("file", FILES)
def test_every_parameter_is_in_the_header_and_every_one_there_is_asked_for(file: str) -> None:
    [parsed] = duckdb.extract_statements(statement(file).text)

    assert set(statement(file).parameters) == set(parsed.named_parameters)


@pytest.mark.parametrize("file", FILES)
def test_the_columns_are_those_of_the_header_in_name_type_and_order(
    file: str, empty_trace: Trace
) -> None:
    asked = statement(file)

    described = empty_trace.sql(f"describe {with_literals(asked.body, MEANINGS)}")

    found = dict(zip(described["column_name"], described["column_type"], strict=True))
    assert list(found.items()) == list(asked.columns.items())


@pytest.mark.parametrize("file", FILES)
def test_the_statement_runs_on_a_trace_that_holds_nothing(file: str, empty_trace: Trace) -> None:
    asked = statement(file)

    found = empty_trace.sql(asked.text, **{name: MEANINGS[name] for name in asked.parameters})

    assert found.columns == list(asked.columns)


@pytest.mark.parametrize("file", FILES)
def test_a_module_beside_the_file_uses_it(file: str) -> None:
    path = FILES[file]

    assert any(re.fullmatch(pattern, path.stem) for pattern in strings(path.parent))


def test_no_meaning_is_kept_for_a_parameter_that_is_gone() -> None:
    assert {name for file in FILES for name in statement(file).parameters} == set(MEANINGS)
