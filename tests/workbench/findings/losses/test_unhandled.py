"""Records that a function should have been given: claimed between handled neighbours, and nowhere else."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Span
from tests.workbench.findings.losses.consumed_streams import (
    filtered,
    invocation,
    mapping,
    puts,
    retention,
    story,
    trace_of_stream,
)
from tests.workbench.findings.traces import STREAM, at, message, put
from workbench.findings import Finding, find
from workbench.trace.logged_deliveries import logged_deliveries


def lost(trace: Any, **asked: Any) -> list[Finding]:
    return list(find(trace, only=["unhandled"], **asked))


def keys(trace: Any, **asked: Any) -> list[str]:
    return [each["key"] for finding in lost(trace, **asked) for each in finding.instances]


def test_a_record_in_no_request_between_two_handled_ones_is_unhandled(tmp_path: Path) -> None:
    records = puts()
    trace = trace_of_stream(tmp_path / "t.trace", story(records, 20), [mapping()])

    (finding,) = lost(trace)

    assert (finding.source_arn, finding.count) == (STREAM, 1)
    assert finding.instances[0]["key"] == records[20].record_id
    assert (finding.instances[0]["handled"], finding.instances[0]["unhandled"]) == (39, 1)
    assert finding.confidence == round(40 / 42, 3)
    witness = trace.sql(finding.sql)
    assert witness["delivery_id"].to_list() == finding.instances[0]["delivery_ids"]
    assert set(witness["role"]) == {
        "record",
        "handled_before",
        "handled_after",
        "line_before",
        "line_after",
    }
    assert set(witness["source_arn"]) == {STREAM}


def test_nothing_is_unhandled_where_the_log_tells_of_all(tmp_path: Path) -> None:
    assert lost(trace_of_stream(tmp_path / "t.trace", story(puts()), [mapping()])) == []


def test_what_the_filter_drops_is_counted_and_not_claimed(tmp_path: Path) -> None:
    resources = [mapping(**filtered({"data": {"order": [{"anything-but": [5, 7]}]}}))]
    trace = trace_of_stream(tmp_path / "t.trace", story(puts(), 5, 7, 20), resources)

    (finding,) = lost(trace)

    assert [each["key"] for each in finding.instances] == [puts()[20].record_id]
    assert finding.notes == ("2 records filtered by the mapping",)


def test_a_filter_that_drops_most_leaves_the_rest_to_be_judged(tmp_path: Path) -> None:
    records = puts(60)
    dropped = [n for n in range(60) if n % 3]
    resources = [mapping(**filtered({"data": {"order": [{"anything-but": dropped}]}}))]

    trace = trace_of_stream(tmp_path / "t.trace", story(records, 30, *dropped), resources)

    assert keys(trace) == [records[30].record_id]


@pytest.mark.parametrize(
    "criteria",
    [filtered({"partitionKey": ["k"]}), filtered({"data": {"order": [{"regex": "x"}]}})],
)
def test_where_the_filter_cannot_be_told_nothing_is_claimed(
    tmp_path: Path, criteria: dict[str, Any]
) -> None:
    assert (
        lost(trace_of_stream(tmp_path / "t.trace", story(puts(), 20), [mapping(**criteria)])) == []
    )


def test_what_was_redacted_is_not_held_against_a_filter(tmp_path: Path) -> None:
    resources = [mapping(**filtered({"data": {"order": [{"numeric": [">=", 0]}]}}))]

    assert (
        lost(trace_of_stream(tmp_path / "r.trace", story(puts(), 20), resources, redaction="{}"))
        == []
    )
    assert len(lost(trace_of_stream(tmp_path / "t.trace", story(puts(), 20), resources))) == 1


@pytest.mark.parametrize(
    "resources",
    [
        [],
        [mapping("Disabled")],
        [mapping(), mapping("Disabled", 100)],
        [mapping(), mapping(seconds=100, **filtered({"data": {"order": [1]}}))],
    ],
)
def test_a_mapping_that_was_off_or_changed_owes_nothing(tmp_path: Path, resources: Any) -> None:
    assert lost(trace_of_stream(tmp_path / "t.trace", story(puts(), 20), resources)) == []


def test_a_hole_in_the_log_hides_the_request(tmp_path: Path) -> None:
    hole = Span(at(190), at(215), "logs_dropped")

    assert (
        lost(trace_of_stream(tmp_path / "t.trace", story(puts(), 20), [mapping()], holes=[hole]))
        == []
    )


def test_what_may_still_be_handled_is_not_unhandled(tmp_path: Path) -> None:
    soon, late = 200 + 299, 200 + 300

    assert (
        lost(trace_of_stream(tmp_path / "t.trace", story(puts(), 20), [mapping()], until=soon))
        == []
    )
    assert (
        len(lost(trace_of_stream(tmp_path / "u.trace", story(puts(), 20), [mapping()], until=late)))
        == 1
    )


def test_records_before_the_first_and_behind_the_last_handled_one_are_left_out(
    tmp_path: Path,
) -> None:
    assert (
        lost(trace_of_stream(tmp_path / "t.trace", story(puts(), 0, 1, 38, 39), [mapping()])) == []
    )


def test_a_log_that_tells_of_some_records_only_proves_nothing(tmp_path: Path) -> None:
    firsts_only = [n for n in range(40) if n % 4]

    trace = trace_of_stream(tmp_path / "t.trace", story(puts(), *firsts_only, size=1), [mapping()])

    assert lost(trace) == []


def test_a_log_that_tells_of_no_record_is_said_to(tmp_path: Path) -> None:
    silent = [*puts(), *invocation(1, 5, [])]

    found = find(trace_of_stream(tmp_path / "t.trace", silent, [mapping()]), only=["unhandled"])

    assert len(found) == 0
    assert "tell of no record they were given" in found.remarks[0]


def test_an_invocation_that_tells_of_nothing_may_have_had_it(tmp_path: Path) -> None:
    silent = invocation(900, 203, [])

    assert (
        lost(trace_of_stream(tmp_path / "t.trace", [*story(puts(), 20), *silent], [mapping()]))
        == []
    )
    long_after = invocation(900, 5_000, [])
    assert (
        len(
            lost(
                trace_of_stream(
                    tmp_path / "u.trace", [*story(puts(), 20), *long_after], [mapping()]
                )
            )
        )
        == 1
    )


def test_between_two_records_of_one_request_it_was_in_that_request(tmp_path: Path) -> None:
    assert lost(trace_of_stream(tmp_path / "t.trace", story(puts(), 21, size=5), [mapping()])) == []


def test_a_failed_request_may_have_ended_before_it_printed_the_id(tmp_path: Path) -> None:
    failed = story(puts(), 20, failed=[9])

    assert lost(trace_of_stream(tmp_path / "t.trace", failed, [mapping()])) == []


def test_a_failed_request_that_printed_its_whole_event_had_no_other_record(tmp_path: Path) -> None:
    records = story(puts(), 20, failed=[9], event=True)
    told = list(logged_deliveries([each for each in records if each.service == "aws:logs"]))

    trace = trace_of_stream(tmp_path / "t.trace", [*records, *told], [mapping()])

    assert keys(trace) == [puts()[20].record_id]


def test_a_record_too_old_when_its_turn_came_is_expired_and_not_unhandled(tmp_path: Path) -> None:
    late = [*puts(20), *(put(n, "k", {"order": n}, 8_000 + n) for n in range(20, 40))]
    records = story(late, 19, size=1)

    assert lost(trace_of_stream(tmp_path / "t.trace", records, [mapping(), retention(1)])) == []
    assert (
        len(lost(trace_of_stream(tmp_path / "u.trace", records, [mapping(), retention(24)]))) == 1
    )


def test_a_message_of_a_queue_is_never_claimed(tmp_path: Path) -> None:
    messages = [message(f"m{n}", {"n": n}, n, own=1) for n in range(20)]

    assert (
        lost(trace_of_stream(tmp_path / "t.trace", [*story(puts()), *messages], [mapping()])) == []
    )


def test_logs_that_were_imported_are_believed_from_their_first_line_to_their_last(
    tmp_path: Path,
) -> None:
    trace = trace_of_stream(
        tmp_path / "t.trace", story(puts(80), 20, 70), [mapping()], imported=True
    )

    assert keys(trace) == [puts()[20].record_id], "70 may be handled in lines that came later"


@settings(max_examples=15)
@given(st.sets(st.integers(5, 30), max_size=3), st.randoms())
def test_captured_twice_and_in_any_order_it_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, missing: set[int], random: Any
) -> None:
    records = story(puts(), *missing, size=1)
    random.shuffle(records)
    folder = tmp_path_factory.mktemp("t") / "t.trace"
    trace = trace_of_stream(folder, [*records, *random.sample(records, 5)], [mapping()])

    assert keys(trace) == [puts()[n].record_id for n in sorted(missing)]
