"""A cell of SQL asks the open trace, binds the notebook's variables, and shows nothing that runs."""

import atexit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError as CellError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.factories import sqs_message
from tests.workbench.findings.traces import trace_of
from workbench.trace import Trace

SCRIPT = "<script>window.harmed = 1</script>"


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    made = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    made.run_line_magic("load_ext", "workbench")
    yield made
    atexit.unregister(made.atexit_operations)


@pytest.fixture
def trace(tmp_path: Path, shell: InteractiveShell) -> Iterator[Trace]:
    records = [sqs_message(number, {"order": number, "note": SCRIPT}) for number in range(60)]
    with trace_of(tmp_path / "own.trace", records) as opened:
        shell.user_ns["trace"] = opened
        yield opened
        for name in [name for name, value in shell.user_ns.items() if isinstance(value, Trace)]:
            del shell.user_ns[name]


def ask(shell: InteractiveShell, line: str, cell: str) -> Any:
    return shell.run_cell_magic("trace", line, cell)


def test_a_cell_returns_its_rows_and_keeps_them(shell: InteractiveShell, trace: Trace) -> None:
    answer = ask(shell, "--as counted", "select count(*) as records from records")

    assert answer.frame["records"].to_list() == [60]
    assert shell.user_ns["counted"].equals(answer.frame)
    assert "1 rows in" in repr(answer)


def test_names_in_the_statement_are_variables_of_the_notebook(
    shell: InteractiveShell, trace: Trace
) -> None:
    shell.user_ns["wanted"] = 7

    answer = ask(shell, "", "from records where field(body, '$.order')::int = $wanted")

    assert len(answer.frame) == 1


def test_payloads_are_shown_as_text(shell: InteractiveShell, trace: Trace) -> None:
    page = ask(shell, "", "select payload(body) as payload from records")._repr_html_()

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "60 rows" in page
    assert "the first 50 shown" in page


@pytest.mark.parametrize(
    ("line", "cell", "said"),
    [
        ("", "selec", "DuckDB does not accept"),
        ("", "select $nowhere", r"wanted a variable nowhere for \$nowhere"),
        ("--as 1x", "select 1", "wanted a name"),
        ("--on other", "select 1", "wanted an open trace in other"),
        ("--no", "select 1", "unrecognized arguments: --no"),
        ("", "select 1; select 2", "wanted one statement, found 2"),
    ],
)
def test_a_wrong_cell_is_answered_in_one_line(
    shell: InteractiveShell, trace: Trace, line: str, cell: str, said: str
) -> None:
    with pytest.raises(CellError, match=said) as raised:
        ask(shell, line, cell)
    assert "\n" not in str(raised.value)


def test_which_of_two_traces_is_meant_must_be_said(shell: InteractiveShell, trace: Trace) -> None:
    shell.user_ns["copy"] = trace
    assert len(ask(shell, "", "from records").frame) == 60

    with trace_of(trace.path.parent / "other.trace", [sqs_message(1)]) as other:
        shell.user_ns["other"] = other
        with pytest.raises(CellError, match="say which with --on"):
            ask(shell, "", "from records")
        assert len(ask(shell, "--on other", "from records").frame) == 1
