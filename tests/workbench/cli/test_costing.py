"""tune cost: a document for programs, a table for people."""

from pathlib import Path

import pytest

from tests.workbench.cli.running import run
from workbench.shipped import dataset
from workbench.tune.dated import COLUMNS

Capfd = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def trace() -> Path:
    return dataset("visibility-too-short")


def test_the_document_holds_each_term_and_what_is_not_known(capfd: Capfd, trace: Path) -> None:
    ran = run(capfd, "tune", "cost", trace, "--json")

    assert ran.code == 0
    told = [term for source in ran.document["sources"] for term in source["terms"]]
    assert ran.document["cost_per_month"] == pytest.approx(sum(each["cost"] or 0 for each in told))
    assert ran.document["unknown"] == ["sqs:returns empty receives"]
    assert ran.document["at"] == "2026-09-14"


def test_people_see_a_table_the_sum_and_what_is_not_in_it(capfd: Capfd, trace: Path) -> None:
    ran = run(capfd, "tune", "cost", trace, "--source", "sqs:payments")

    assert ran.code == 0
    assert "empty receives" in ran.out
    assert "sqs:returns" not in ran.out
    assert ran.err.splitlines()[-1].endswith("USD a month")


def test_own_files_and_a_day_are_taken(capfd: Capfd, trace: Path, tmp_path: Path) -> None:
    prices, quotas = tmp_path / "prices.csv", tmp_path / "quotas.csv"
    head = ",".join(COLUMNS)
    prices.write_text(f"{head}\nlambda,request,us-east-1,,1000000,usd_per_million,,,x,\n", "utf-8")
    quotas.write_text(f"{head}\nlambda,billing_step,,,1000,milliseconds,,,x,\n", "utf-8")
    arguments = ("tune", "cost", trace, "--source", "sqs:payments", "--at", "2016-12-01", "--json")

    def charged(*more: object) -> dict[str, dict[str, float]]:
        [function, _] = run(capfd, *arguments, *more).document["sources"]
        return {term["name"]: term for term in function["terms"]}

    ours, own = charged(), charged("--prices", prices, "--quotas", quotas)

    assert own["requests"]["cost"] == pytest.approx(own["requests"]["quantity"])
    assert own["duration"]["quantity"] > ours["duration"]["quantity"]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--source", "sqs:none", "wanted a source of the trace, found none of that name"),
        ("--at", "soon", "wanted a day such as 2016-12-01, found 'soon'"),
        ("--prices", "none.csv", "No such file"),
    ],
)
def test_wrong_use_is_one_line(
    capfd: Capfd, trace: Path, option: str, value: str, said: str
) -> None:
    ran = run(capfd, "tune", "cost", trace, option, value)

    assert ran.code == 2
    assert said in ran.complaint
