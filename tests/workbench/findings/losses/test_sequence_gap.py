"""Missing numbers are claimed where they can be known, and nowhere else."""

import json
from pathlib import Path

import pytest

from connectors.record import Record, Span
from tests.workbench.findings.traces import at, put, trace_of
from workbench.errors import UsageError
from workbench.findings import Finding, find


def versions(*numbers: int, key: str = "o1") -> list[Record]:
    return [
        put(place, key, {"id": key, "v": number}, place) for place, number in enumerate(numbers)
    ]


def gaps(trace: object) -> list[Finding]:
    return [each for each in find(trace, key="$.id", sequence="$.v") if each.kind == "sequence_gap"]  # type: ignore[arg-type]


def test_numbers_between_two_neighbours_are_missing(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", versions(1, 2, 5, 6))

    (finding,) = gaps(trace)

    assert finding.count == 1
    assert finding.instances[0]["key"] == "o1"
    assert finding.instances[0]["missing"] == [3, 4]
    assert trace.sql(finding.sql)["sequence"].to_list() == [2, 5]


def test_many_missing_numbers_are_given_by_their_bounds(tmp_path: Path) -> None:
    (finding,) = gaps(trace_of(tmp_path / "t.trace", versions(1, 1_000)))

    assert finding.instances[0]["missing"] == {"from": 2, "to": 999}


def test_a_number_that_came_late_is_not_missing(tmp_path: Path) -> None:
    assert gaps(trace_of(tmp_path / "t.trace", versions(1, 3, 4, 2))) == []


def test_a_number_that_may_still_come_is_not_missing(tmp_path: Path) -> None:
    assert gaps(trace_of(tmp_path / "t.trace", versions(1, 3), read_until=4)) == []


def test_a_number_that_may_lie_in_a_hole_is_not_missing(tmp_path: Path) -> None:
    hole = Span(at(0.2), at(0.8), "trimmed")

    assert gaps(trace_of(tmp_path / "t.trace", versions(1, 3), holes=[hole])) == []


def test_a_repeat_is_a_note_and_no_gap(tmp_path: Path) -> None:
    (finding,) = gaps(trace_of(tmp_path / "t.trace", versions(1, 2, 2, 4)))

    assert finding.instances[0]["missing"] == [3]
    assert finding.notes == ("1 repeated number, 0 steps back",)


def test_the_first_of_two_equal_keys_does_not_decide(tmp_path: Path) -> None:
    """A handler's parser takes the last of two equal keys; DuckDB's own would take the first and see a gap."""
    bodies = [b'{"id":"o1","v":1}', b'{"id":"o1","v":9,"v":2}', b'{"id":"o1","v":3}']

    assert (
        gaps(
            trace_of(tmp_path / "t.trace", [put(n, "k", body, n) for n, body in enumerate(bodies)])
        )
        == []
    )


def test_a_sequence_of_mixed_types_skips_what_is_no_number(tmp_path: Path) -> None:
    bodies = [json.dumps({"id": "o1", "v": v}).encode() for v in (1, "2", "three", None, [4], 4)]

    (finding,) = gaps(
        trace_of(tmp_path / "t.trace", [put(n, "k", body, n) for n, body in enumerate(bodies)])
    )

    assert finding.instances[0]["missing"] == [3]


def test_asking_for_gaps_without_a_sequence_gets_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not dense"):
        find(trace_of(tmp_path / "t.trace", versions(1)), only=["sequence_gap"])


def test_a_path_that_no_payload_has_is_said(tmp_path: Path) -> None:
    findings = find(trace_of(tmp_path / "t.trace", versions(1, 3)), key="$.nope", sequence="$.v")

    assert any("$.nope" in remark for remark in findings.remarks)


def test_the_fields_remembered_in_the_trace_are_used(tmp_path: Path) -> None:
    from workbench.trace.catalog import Catalog

    trace = trace_of(tmp_path / "t.trace", versions(1, 3))
    catalog = Catalog.open(tmp_path / "t.trace", write=True)
    catalog.remember(key="$.id", sequence="$.v")
    catalog.close()
    trace = type(trace)(tmp_path / "t.trace")

    assert [each.kind for each in find(trace)] == ["sequence_gap"]
