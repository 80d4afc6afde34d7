"""Lines go out at once, in colour only to a terminal that wants it, and end quietly when nobody reads any more."""

import os
import subprocess
import sys
import textwrap

import pytest

from tests.factories import QUEUE, clock, sqs_message
from workbench.cli.line_output import LineOutput
from workbench.tail.watching import Notice


def output(arns: list[str], *, as_json: bool = False, no_color: bool = True) -> LineOutput:
    return LineOutput(arns, as_json=as_json, no_color=no_color, now=clock)


def lines(output: LineOutput, capfd: pytest.CaptureFixture[str]) -> str:
    output.show([sqs_message(1, "hello"), Notice(QUEUE, "", "what happened")])
    return capfd.readouterr().out


def test_elsewhere_than_on_a_terminal_lines_are_plain_and_whole(
    capfd: pytest.CaptureFixture[str],
) -> None:
    shown = lines(output([QUEUE], no_color=False), capfd)

    assert shown == (
        '2026-11-20T10:00:00.000000Z  sqs:orders  00000000-0000-4000-8000-000000000001  x1  "hello"\n'
        "! sqs:orders what happened\n"
    )


@pytest.mark.parametrize(
    ("no_color", "environment", "coloured"),
    [
        (False, {}, True),
        (True, {}, False),
        (False, {"NO_COLOR": "1"}, False),
        (False, {"NO_COLOR": ""}, True),
        (False, {"TERM": "dumb"}, False),
    ],
)
def test_a_terminal_gets_colours_unless_its_user_wants_none(
    no_color: bool,
    environment: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    shown = lines(output([QUEUE], no_color=no_color), capfd)

    assert ("\x1b[38;5;" in shown) is coloured
    assert all(
        len(line) <= 60 for line in shown.replace("\x1b[0m", "").splitlines() if not coloured
    )


READER_GONE = """
    import os, sys
    from tests.factories import QUEUE, clock, sqs_message
    from workbench.cli.line_output import LineOutput

    output = LineOutput([QUEUE], as_json={as_json}, no_color=True, now=clock)
    sys.stdin.readline()
    output.show({shown})
    print(output.closed, output.stop.is_set(), file=sys.stderr)
"""


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("shown", ["[sqs_message(1), sqs_message(2)]", "[]"])
def test_when_nobody_reads_any_more_it_asks_to_end_and_says_nothing(
    as_json: bool, shown: str
) -> None:
    script = textwrap.dedent(READER_GONE).format(as_json=as_json, shown=shown)
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None

    _, complaint = process.communicate("go on\n", timeout=60)

    assert complaint == "True True\n"
    assert process.returncode == 0


def test_an_output_without_the_characters_has_them_written_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tests.factories import *; from workbench.cli.line_output import LineOutput\n"
            "LineOutput([QUEUE], as_json=False, no_color=True, now=clock).show([sqs_message(1, '日'.encode())])",
        ],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    ).stdout

    assert shown.endswith(b"  \\u65e5\n")


def test_what_is_of_today_needs_no_date(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    output([QUEUE]).show([sqs_message(1), sqs_message(2, seconds=-86_400)])

    first, second = capfd.readouterr().out.splitlines()
    assert first.startswith("10:00:00.000  sqs:orders")
    assert second.startswith("11-19 10:00:00.000  sqs:orders")
