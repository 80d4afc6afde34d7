"""The first look."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.findings.traces import message, put, trace_of
from workbench.crossfilter import crossfilter
from workbench.widgets.overview import COLUMNS, Overview, overview


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Overview]:
    records = [*(message(f"m-{n}", {"n": n}, count=2) for n in range(3)), put(1, "key", {}, 1)]
    with trace_of(tmp_path / "x.trace", records) as trace:
        made = overview(trace)
        for _ in range(200):
            made.settle()
            if made.findings is not None:
                break
            time.sleep(0.05)
        yield made
        made.close()


def test_sources_are_rows_and_findings_come_when_they_are_found(shown: Overview) -> None:
    assert [row[0] for row in shown.rows] == ["kinesis:orders", "sqs:orders"]
    assert all(len(row) == len(COLUMNS) for row in shown.rows)
    assert "redelivery" in [row["kind"] for row in shown.found]
    assert shown.picture["src"].startswith("data:image/svg+xml;base64,")


def test_a_source_or_a_finding_is_selected_for_all_views(shown: Overview) -> None:
    shown._handle_custom_msg({"kind": "source", "place": 1}, [])
    shown.settle()
    shown.settle()
    assert crossfilter(shown.trace).words().startswith("source_arn arn:aws:sqs")
    assert [row[2] for row in shown.rows] == ["1", "3"]  # its own choice narrows others alone

    place = [row["kind"] for row in shown.found].index("redelivery")
    shown._handle_custom_msg({"kind": "finding", "place": place}, [])
    shown.settle()
    assert shown.trace.sql("select count(*) from selected").item() == 3

    shown._handle_custom_msg({"kind": "clear"}, [])
    shown.settle()
    assert (shown.chosen, crossfilter(shown.trace).words()) == ("", "everything")


@pytest.mark.parametrize("place", [-1, 99, "0", None])
def test_what_is_not_there_is_not_selected(shown: Overview, place: object) -> None:
    shown._handle_custom_msg({"kind": "source", "place": place}, [])
    shown.settle()
    assert crossfilter(shown.trace).words() == "everything"


def test_a_saved_notebook_has_the_tables(shown: Overview) -> None:
    html = shown._repr_mimebundle_()[0]["text/html"]
    assert "sqs:orders" in html
    assert "redelivery" in html
