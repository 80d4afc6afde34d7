"""What was planted and what was found are told apart, both ways."""

from pathlib import Path

from tests.workbench.findings.traces import message, trace_of
from workbench.demo.labels import score
from workbench.demo.traffic import Planted
from workbench.findings import find


def test_a_planted_fault_that_is_found_is_neither_missed_nor_unplanted(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", [message("m", {"order_id": "o1"}, count=2)])

    agreed = score(trace, find(trace), (Planted("redelivery", "sqs:orders", "o1", "x"),))

    assert (agreed.missed, agreed.unplanted) == ([], [])


def test_what_was_not_planted_and_what_was_not_found_are_both_said(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", [message("m", {"order_id": "o1"}, count=2)])

    agreed = score(trace, find(trace), (Planted("redelivery", "sqs:orders", "o2", "x"),))

    assert agreed.missed == [("redelivery", "sqs:orders", "o2")]
    assert agreed.unplanted == [("redelivery", "sqs:orders", "o1")]
