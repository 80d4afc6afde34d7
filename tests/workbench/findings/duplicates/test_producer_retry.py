"""The same data put twice into a stream, told from equal data that is meant."""

from pathlib import Path

from tests.workbench.findings.traces import put, trace_of
from workbench.findings import Finding, find


def only(findings: object, kind: str) -> Finding:
    (finding,) = [each for each in findings if each.kind == kind]  # type: ignore[attr-defined]
    return finding


def test_the_same_data_and_key_under_two_sequence_numbers_is_a_retry(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace",
        [put(1, "k", {"v": 1}, 0), put(2, "k", {"v": 1}, 1), put(3, "k", {"v": 2}, 2)],
    )

    finding = only(find(trace), "producer_retry")

    assert finding.instances[0]["key"] == "k"
    assert len(finding.instances[0]["sequence_numbers"]) == 2


def test_the_same_data_under_two_keys_is_no_retry(tmp_path: Path) -> None:
    assert (
        len(find(trace_of(tmp_path / "t.trace", [put(1, "a", "x", 0), put(2, "b", "x", 1)]))) == 0
    )


def test_a_record_captured_twice_is_no_retry(tmp_path: Path) -> None:
    assert (
        len(find(trace_of(tmp_path / "t.trace", [put(1, "k", "x", 0), put(1, "k", "x", 0)]))) == 0
    )
