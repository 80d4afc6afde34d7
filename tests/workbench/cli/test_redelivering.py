"""tune visibility on the command line."""

from tests.conftest import REPOSITORY
from tests.workbench.cli.running import run
from tests.workbench.findings.traces import message, trace_of

SHORT = REPOSITORY / "datasets" / "visibility-too-short.trace"


def test_a_program_gets_one_document(capfd):
    ran = run(
        capfd, "tune", "visibility", SHORT, "--source", "sqs:payments", "--visibility-timeout", 30,
        "--visibility-timeout", 60, "--json",
    )  # fmt: skip

    assert ran.code == 0
    assert {each["visibility_timeout_s"] for each in ran.document["candidates"]} == {30, 60}
    assert ran.document["observed"]["overlapping_per_message"] > 0


def test_a_person_gets_a_table_and_the_command(capfd):
    ran = run(capfd, "tune", "visibility", SHORT, "--source", "sqs:payments")

    assert ran.code == 0
    assert "observed" in ran.out
    assert "aws sqs set-queue-attributes" in ran.err


def test_half_an_answer_exits_with_three_and_says_what_is_missing(capfd, tmp_path):
    trace_of(tmp_path / "t.trace", [message("m-1", {}, 0)]).close()
    ran = run(capfd, "tune", "visibility", tmp_path / "t.trace", "--source", "sqs:orders", "--json")

    assert ran.code == 3
    assert ran.document["recommended"] is None
    assert "get-event-source-mapping" in ran.err


def test_wrong_use_exits_with_two(capfd):
    ran = run(capfd, "tune", "visibility", SHORT, "--source", "sqs:nobody")

    assert ran.code == 2
    assert "sqs:nobody" in ran.complaint
