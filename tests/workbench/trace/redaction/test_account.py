"""A trace says how it was redacted, and whoever redacts otherwise is told."""

from pathlib import Path

from tests.factories import T0, clock, sqs_message, write_trace
from workbench.trace import TraceWriter, open_trace
from workbench.trace.redaction.account import change_of_redaction
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.profile import Profile
from workbench.trace.redaction.redactor import Redactor
from workbench.trace.redaction.rules import Rules

FIRST = Redactor(Rules(Profile("detect"), Key(bytes(32)))).described
OTHER_KEY = Redactor(Rules(Profile("detect"), Key(bytes(31) + b"1"))).described


def capture(folder: Path, described: str | None) -> None:
    TraceWriter(folder, "capture", [], clock, redaction=described).close()


def test_a_capture_says_how_it_redacted(tmp_path: Path) -> None:
    capture(tmp_path / "t.trace", FIRST)

    with open_trace(tmp_path / "t.trace") as trace:
        assert trace.sql("select redaction from captures").item() == FIRST


def test_the_same_way_again_says_nothing(tmp_path: Path) -> None:
    assert change_of_redaction(tmp_path / "t.trace", FIRST) is None
    capture(tmp_path / "t.trace", FIRST)

    assert change_of_redaction(tmp_path / "t.trace", FIRST) is None


def test_another_key_profile_or_none_is_said_in_one_line(tmp_path: Path) -> None:
    capture(tmp_path / "t.trace", FIRST)

    for described in (OTHER_KEY, None):
        line = change_of_redaction(tmp_path / "t.trace", described)
        assert line is not None
        assert "\n" not in line
        assert "profile detect" in line


def test_a_replay_in_between_is_no_way_of_redacting(tmp_path: Path) -> None:
    write_trace(tmp_path / "t.trace", [sqs_message()]).close()
    TraceWriter(tmp_path / "t.trace", "replay", [], lambda: T0).close()

    assert change_of_redaction(tmp_path / "t.trace", None) is None
    assert "payloads as received" in str(change_of_redaction(tmp_path / "t.trace", FIRST))
