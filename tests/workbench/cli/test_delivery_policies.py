"""tune delivery-policy on the command line."""

import json

from tests.workbench.cli.running import run
from tests.workbench.findings.traces import message, trace_of


def test_a_program_gets_the_attempts_and_the_outage(capfd, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"healthyRetryPolicy": {"numRetries": 3}}))
    ran = run(
        capfd, "tune", "delivery-policy", "--policy", file, "--outage", "30m", "--rate", 5, "--json"
    )

    assert ran.code == 0
    assert [each["at_s"] for each in ran.document["attempts"]] == [0, 20, 40, 60]
    assert ran.document["outage"]["outage_s"] == 1_800
    assert ran.document["outage"]["given_up"] == 5 * (1_800 - 60)


def test_a_person_gets_a_table(capfd):
    ran = run(capfd, "tune", "delivery-policy", "--protocol", "email")

    assert ran.code == 0
    assert "max_delay" in ran.out


def test_what_aws_refuses_exits_with_two_and_its_reason(capfd, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"healthyRetryPolicy": {"numRetries": 101}}))

    ran = run(capfd, "tune", "delivery-policy", "--policy", file)
    assert ran.code == 2
    assert "between 0 and 100" in ran.complaint
    assert run(capfd, "tune", "delivery-policy").code == 2
    assert run(capfd, "tune", "delivery-policy", "--policy", tmp_path / "none").code == 2
    assert run(capfd, "tune", "delivery-policy", "--protocol", "fax").code == 2


def test_a_trace_without_attempts_exits_with_three(capfd, tmp_path):
    trace_of(tmp_path / "t.trace", [message("m-1", {}, 0)]).close()
    topic = "arn:aws:sns:us-east-1:111111111111:orders"
    ran = run(capfd, "tune", "delivery-policy", tmp_path / "t.trace", "--source", topic, "--json")

    assert ran.code == 3
    assert ran.document["policy"] is None
