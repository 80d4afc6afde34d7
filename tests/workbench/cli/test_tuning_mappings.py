"""tune mapping and tune counterfactual on the command line."""

import pytest

from tests.conftest import REPOSITORY
from tests.factories import sqs_message, write_trace
from tests.workbench.cli.running import run
from tests.workbench.tune.captures import resources
from tests.workbench.tune.simulate.systems import servers

STORM = REPOSITORY / "datasets" / "retry-storm.trace"
QUEUE = "sqs:notifications-1"


def test_a_program_gets_one_document(capfd):
    ran = run(
        capfd, "tune", "mapping", STORM, "--source", QUEUE, "--slo", "p99 age < 10 min",
        "--vary", "maximum_concurrency=none,2,50", "--json",
    )  # fmt: skip

    assert ran.code == 0
    assert ran.document["backtest"]["accepted"] is True
    assert len(ran.document["candidates"]) == 3
    assert ran.document["recommended"]["meets_slo"] is True


def test_a_person_gets_the_back_test_the_candidates_and_what_breaks_next(capfd):
    ran = run(capfd, "tune", "mapping", STORM, "--source", QUEUE, "--slo", "p99 age < 10 min")

    assert ran.code == 0
    assert "Does the model reproduce the capture? Yes" in ran.out
    assert "(recommended)" in ran.out
    assert "misfit of the model" in ran.err
    assert "breaks next" in ran.err


def test_what_cannot_be_recommended_exits_with_three_and_says_why(capfd, tmp_path):
    records = [sqs_message(number, seconds=number) for number in range(60)]
    told = resources(servers(5, batch_size=4))
    write_trace(tmp_path / "t.trace", records, told).close()

    ran = run(capfd, "tune", "mapping", tmp_path / "t.trace", "--source", "sqs:orders", "--json")

    assert ran.code == 3
    assert ran.document["recommended"] is None
    assert ran.document["backtest"]["accepted"] is False
    assert "REPORT" in ran.document["reason"]
    assert ran.document["candidates"][0]["mapping"]["BatchSize"] == 4


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--source", "sqs:nobody"), "wanted a source"),
        (("--source", QUEUE, "--slo", "fast"), "wanted an SLO such as"),
        (("--source", QUEUE, "--vary", "colour=1"), "found 'colour'"),
        (("--source", QUEUE, "--replay", "nope"), "wanted a replay of this trace, found 'nope'"),
        (("--source", QUEUE, "--function", "nobody"), "there are notify-1"),
    ],
)
def test_wrong_use_exits_with_two_and_one_line(capfd, more, said):
    ran = run(capfd, "tune", "mapping", STORM, *more)

    assert ran.code == 2
    assert said in ran.complaint


def test_a_counterfactual_is_answered_in_a_sentence_and_a_table(capfd):
    ran = run(
        capfd, "tune", "counterfactual", STORM, "--source", QUEUE, "--set", "VisibilityTimeout=180"
    )

    assert ran.code == 0
    assert "instead of" in ran.err
    assert "as captured, simulated" in ran.out


def test_a_counterfactual_without_a_change_is_refused(capfd):
    ran = run(capfd, "tune", "counterfactual", STORM, "--source", QUEUE)

    assert ran.code == 2
    assert "wanted a setting to change" in ran.complaint
