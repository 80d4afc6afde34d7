"""tune throttle on the command line."""

import pytest

from tests.workbench.cli.running import run
from tests.workbench.findings.traces import message, trace_of


@pytest.fixture
def trace(tmp_path):
    sent = [message(f"m-{place}", {}, 0.01 * place) for place in range(50)]
    trace_of(tmp_path / "t.trace", sent).close()
    return tmp_path / "t.trace"


def test_a_program_gets_one_document(capfd, trace):
    ran = run(
        capfd, "tune", "throttle", trace, "--source", "sqs:orders", "--rate", 10, "--burst", 5,
        "--limit", "method=1000,1000", "--json",
    )  # fmt: skip

    assert ran.code == 0
    assert ran.document["refused_by"]["account"] == ran.document["refused"] > 30
    assert [each["scope"] for each in ran.document["limits"]] == ["method", "account"]


def test_a_person_gets_predicted_beside_captured_out_of_a_csv(capfd, tmp_path):
    file = tmp_path / "access.csv"
    rows = [f"{1_795_168_800 + place / 20},{429 if place >= 5 else 200}" for place in range(20)]
    file.write_text("requested_at,status\n" + "\n".join(rows) + "\n")
    ran = run(capfd, "tune", "throttle", file, "--rate", 1, "--burst", 5)

    assert ran.code == 0
    assert "75.00%" in ran.out
    assert "the answers tell" in ran.err


@pytest.mark.parametrize(
    "wrong", [("--rate", 0), ("--burst", 5), ("--limit", "method=x"), ("--limit", "planet=1,1")]
)
def test_wrong_use_exits_with_two(capfd, trace, wrong):
    ran = run(capfd, "tune", "throttle", trace, "--source", "sqs:orders", *wrong)

    assert ran.code == 2
    assert "wanted" in ran.complaint
