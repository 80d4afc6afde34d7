"""Attempts, retries and arrivals by windows."""

from pathlib import Path

from tests.factories import LOG_GROUP, QUEUE, instant, write_trace
from tests.workbench.findings.consumers.test_retry_storm import arrivals, outage, tried
from workbench.measures import measure


def test_each_window_has_what_was_tried_and_what_arrived(tmp_path: Path) -> None:
    calm = arrivals(10, at=600, first=100)
    with write_trace(tmp_path / "t.trace", [*outage(), *calm, *tried(calm, first=9_000)]) as trace:
        rows = measure(trace, "amplification")

    assert rows["source_arn", "log_group"].unique().rows() == [(QUEUE, LOG_GROUP)]
    assert rows.drop("source_arn", "log_group").rows() == [
        (instant(0), 30, 10, 0, 20, 1.5),
        (instant(60), 40, 40, 0, 0, None),
        (instant(120), 10, 10, 0, 0, None),
        (instant(600), 10, 0, 10, 10, 1.0),
    ]
