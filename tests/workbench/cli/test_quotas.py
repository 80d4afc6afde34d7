"""quotas: figures of a day, for people and for programs."""

from pathlib import Path

import pytest

from tests.workbench.cli.running import run
from workbench.tune.dated import COLUMNS

Capfd = pytest.CaptureFixture[str]


def test_the_quotas_of_a_day_are_one_document(capfd: Capfd) -> None:
    ran = run(capfd, "quotas", "lambda", "--at", "2016-12-01", "--json")

    assert ran.code == 0
    assert {row["service"] for row in ran.document} == {"lambda"}
    assert all(list(row) == list(COLUMNS) for row in ran.document)
    told = {row["name"]: row["value"] for row in ran.document if row["mode"] == ""}
    assert (told["memory_max"], told["memory_step"], told["timeout_max"]) == (1536, 64, 300)
    assert (told["billing_step"], told["concurrency_account"]) == (100, 100)
    [memory] = [row for row in ran.document if row["name"] == "memory_max"]
    assert (memory["valid_from"], memory["valid_to"]) == (None, "2017-11-30")
    assert memory["confidence"] == "remembered"


def test_without_a_day_todays_are_listed_of_all_services(capfd: Capfd) -> None:
    ran = run(capfd, "quotas", "--json")

    assert {"sqs", "sns", "kinesis", "dynamodb", "lambda", "logs", "apigateway"} == {
        row["service"] for row in ran.document
    }
    assert all(row["valid_to"] is None for row in ran.document)
    keys = [(row["service"], row["name"], row["mode"]) for row in ran.document]
    assert len(keys) == len(set(keys)), "one figure of a thing on a day"


def test_people_see_a_table(capfd: Capfd) -> None:
    ran = run(capfd, "quotas", "lambda", "--name", "memory_max", "--at", "2026-01-01")

    assert ran.code == 0
    assert "10,240" in ran.out
    assert "documented" in ran.out
    assert "1,536" not in ran.out


def test_of_what_has_no_first_day_nothing_is_claimed_of_long_ago(capfd: Capfd) -> None:
    ran = run(capfd, "quotas", "sqs", "--at", "1990-01-01")

    assert "whether they held on 1990-01-01 is not known" in ran.err


def test_prices_are_listed_too_and_an_unknown_one_is_not_zero(capfd: Capfd) -> None:
    ran = run(capfd, "quotas", "lambda", "--prices", "--name", "poller", "--at", "2026-01-01")
    document = run(
        capfd, "quotas", "lambda", "--prices", "--name", "poller", "--at", "2026-01-01", "--json"
    ).document

    assert "not known" in ran.out
    assert [row["value"] for row in document] == [None]


def test_a_users_own_file_takes_the_place_of_ours(capfd: Capfd, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        ",".join(COLUMNS) + "\nlambda,concurrency_account,eu-west-1,,5000,executions,,,case 7,\n",
        "utf-8",
    )
    arguments = ("quotas", "lambda", "--own", own, "--name", "concurrency_account", "--json")

    there = run(capfd, *arguments, "--region", "eu-west-1")

    assert [row["value"] for row in there.document] == [5000]
    assert there.err == ""
    assert [row["value"] for row in run(capfd, *arguments).document] == [1000]


def test_a_region_without_figures_of_its_own_says_so(capfd: Capfd) -> None:
    ran = run(capfd, "quotas", "sqs", "--prices", "--region", "eu-west-1", "--json")

    assert ran.code == 0
    assert "request" not in {row["name"] for row in ran.document}
    assert ran.complaint.startswith("eu-west-1 has no figures of its own here")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lamda"], "there are apigateway, dynamodb, kinesis, lambda, logs, sns, sqs"),
        (["lambda", "--at", "yesterday"], "wanted a day such as 2016-12-01, found 'yesterday'"),
        (["sqs", "--name", "memory"], "wanted a name that contains 'memory', found none"),
        (["sqs", "--own", "none.csv"], "No such file"),
    ],
)
def test_wrong_use_is_one_line(capfd: Capfd, arguments: list[str], said: str) -> None:
    ran = run(capfd, "quotas", *arguments)

    assert ran.code == 2
    assert said in ran.complaint
