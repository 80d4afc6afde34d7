"""A message that SQS delivered again, told from what only looks like it."""

from pathlib import Path

from tests.workbench.findings.traces import message, trace_of
from workbench.findings import Finding, find


def only(findings: object, kind: str) -> Finding:
    (finding,) = [each for each in findings if each.kind == kind]  # type: ignore[attr-defined]
    return finding


def test_a_higher_receive_count_is_a_redelivery(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace",
        [message("m1", 1, count=1), message("m1", 1, count=2), message("m2", 2)],
    )

    finding = only(find(trace), "redelivery")

    assert (finding.count, finding.instances[0]["key"]) == (1, "m1")
    assert finding.instances[0]["receive_counts"] == [1, 2]
    assert trace.sql(finding.sql)["delivery_id"].to_list() == finding.instances[0]["delivery_ids"]


def test_our_own_peek_is_no_redelivery(tmp_path: Path) -> None:
    peeked_twice = [message("m1", 1, count=1, own=1), message("m1", 1, count=2, own=1)]

    assert len(find(trace_of(tmp_path / "t.trace", peeked_twice))) == 0


def test_a_message_found_back_in_the_queue_after_others_received_it_is_a_redelivery(
    tmp_path: Path,
) -> None:
    trace = trace_of(tmp_path / "t.trace", [message("poison", 1, count=4, own=1)])

    assert only(find(trace), "redelivery").instances[0]["key"] == "poison"
