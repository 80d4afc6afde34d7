"""How much is selected, by source."""

from pathlib import Path

from tests.workbench.findings.traces import message, put, trace_of
from workbench.crossfilter import Clause, crossfilter
from workbench.views.selected import said, selected_counts


def test_each_source_is_there_whether_or_not_anything_of_it_is_selected(tmp_path: Path) -> None:
    records = [*(message(f"m-{n}", {"n": n}) for n in range(3)), put(1, "key", {}, 1)]
    with trace_of(tmp_path / "x.trace", records) as trace:
        assert said(selected_counts(trace)) == "4 of 4 deliveries: kinesis:orders 1, sqs:orders 3"

        crossfilter(trace).set("typed", Clause.typed("record_id = 'm-1'"))
        counts = selected_counts(trace)

    assert counts["selected"].to_list() == [0, 1]
    assert counts["deliveries"].to_list() == [1, 3]
    assert said(counts) == "1 of 4 deliveries: sqs:orders 1"
