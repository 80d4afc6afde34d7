"""A run beside production: what the logs tell, and nothing where they tell nothing."""

from collections.abc import Sequence

import pytest

from connectors.record import Record
from tests.factories import ACCOUNT, LOG_GROUP, QUEUE, sqs_message, write_trace
from tests.workbench.replay.comparison.runs import Told, add, rows
from tests.workbench.trace.invoked import consumed_by, invoked, printed, queue_attributes, request
from workbench.errors import UsageError
from workbench.replay import compare
from workbench.trace import open_trace

DLQ = f"arn:aws:sqs:{ACCOUNT}:orders-dlq"
M = [sqs_message(n) for n in range(6)]
BOOM = "ValueError: cannot charge order %d"


def had(number, message, at=None, **more):
    return invoked(
        number, f"got {message.record_id}", at=at or 5 * number, log_stream=f"s{number}", **more
    )


@pytest.fixture
def beside(tmp_path):
    def compared(told, *groups: Sequence[Record], resources=None, swapped=False, **more):
        folder = tmp_path / "t.trace"
        records = [*M, *(each for one in groups for each in one)]
        write_trace(folder, records, [consumed_by()] if resources is None else resources).close()
        add(folder, rows("run", told))
        with open_trace(folder) as trace:
            pair = ("production", "run") if swapped else ("run", "production")
            return compare(*pair, trace, **more)

    return compared


def fates(found):
    frame = found.to_frame()
    return {row["record_id"]: (row["verdict_a"], row["verdict_b"]) for row in frame.to_dicts()}


def ran(*errors):
    return [
        Told([message.record_id], error=error) for message, error in zip(M, errors, strict=False)
    ]


def test_what_failed_in_production_and_succeeds_now_is_told(beside):
    found = beside(ran(None, None), had(1, M[0], raised=BOOM % 17), had(2, M[1]))
    assert fates(found) == {
        M[0].record_id: ("succeeded", "failed"),
        M[1].record_id: ("succeeded", "succeeded"),
    }
    (change,) = found.document()["changes"]
    assert (change["verdict_b"], change["error_b"]) == (
        "failed",
        "ValueError: cannot charge order #",
    )
    assert change["examples"] == [M[0].record_id]
    assert found.document()["differing"] == 1


def test_what_succeeded_in_production_and_fails_now_is_told_from_either_side(beside):
    found = beside(ran("KeyError: 'x'"), had(1, M[0]), swapped=True)
    (change,) = found.document()["changes"]
    assert (found.run_a, found.run_b) == ("production", "run")
    assert (change["verdict_a"], change["verdict_b"]) == ("succeeded", "failed")


def test_the_same_failure_with_another_number_is_the_same(beside):
    assert beside(ran(BOOM % 3), had(1, M[0], raised=BOOM % 99)).document()["differing"] == 0


def test_another_failure_is_told(beside):
    found = beside(ran("KeyError: 'x'"), had(1, M[0], raised=BOOM % 99))
    assert found.document()["differing"] == 1


def test_what_no_log_tells_is_unknown_and_differs_from_nothing(beside):
    found = beside(ran(None, "KeyError: x"), had(1, M[0]))
    assert fates(found)[M[1].record_id] == ("failed", None)
    told = found.document()["production"]
    assert (found.document()["differing"], told["known"], told["unknown"]) == (0, 1, 1)
    (coverage,) = told["coverage"]
    assert coverage["log_group"] == LOG_GROUP
    assert coverage["from_at"] < coverage["to_at"]


def test_no_logs_at_all_is_said_as_coverage(beside):
    told = beside(ran(None)).document()["production"]
    assert (told["known"], told["unknown"]) == (0, 1)
    assert told["coverage"] == [
        {"log_group": LOG_GROUP, "from_at": None, "to_at": None, "holes": 0}
    ]


def test_the_last_request_decides(beside):
    found = beside(ran(None), had(1, M[0], raised=BOOM % 1), had(2, M[0], at=60))
    assert fates(found) == {M[0].record_id: ("succeeded", "succeeded")}
    assert found.to_frame()["attempts_b"].to_list() == [2]


def test_a_request_that_ended_well_but_may_have_named_the_record_is_unknown(beside):
    complaint = f'{{"level": "ERROR", "message": "record {M[0].record_id} refused", "requestId": "{request(1)}"}}'
    logs = invoked(1, printed(M[0], M[1]), complaint, at=5)
    found = beside(ran(None, None), logs, resources=[consumed_by(partial=True)])
    assert fates(found) == {
        M[0].record_id: ("succeeded", None),
        M[1].record_id: ("succeeded", "succeeded"),
    }


def test_where_no_mapping_allows_partial_answers_an_error_line_is_only_a_line(beside):
    complaint = f'{{"level": "ERROR", "message": "record {M[0].record_id} refused", "requestId": "{request(1)}"}}'
    found = beside(ran(None), invoked(1, printed(M[0]), complaint, at=5))
    assert fates(found)[M[0].record_id] == ("succeeded", "succeeded")


def test_two_functions_that_differ_leave_it_unknown(beside):
    other = LOG_GROUP.replace("charge", "ship")
    logs = [*had(1, M[0]), *had(2, M[0], raised=BOOM % 1, group=other)]
    found = beside(ran(None), logs, resources=[consumed_by(), consumed_by("ship")])
    assert fates(found) == {M[0].record_id: ("succeeded", None)}


def test_what_lies_in_the_dead_letter_queue_is_dead_lettered(beside):
    moved = sqs_message(0, queue=DLQ)
    resources = [consumed_by(), queue_attributes(QUEUE, dead_letter=DLQ)]
    found = beside(ran(None), [moved], had(1, M[0], raised=BOOM % 1), resources=resources)
    assert fates(found) == {M[0].record_id: ("succeeded", "dead_lettered")}


def test_a_request_that_may_not_have_had_the_record_counts_only_where_it_is_asked_for(beside):
    logs = invoked(1, f"previous message was {M[0].record_id}", at=5)
    assert fates(beside(ran(None), logs)) == {M[0].record_id: ("succeeded", None)}


def test_durations_and_memory_of_production_are_shown(beside):
    found = beside(ran(None, None), had(1, M[0]), had(2, M[1])).document()
    assert found["duration"]["p50"]["b_ms"] == 1000
    assert found["production"]["max_memory_mb"] == 64


def test_production_has_no_noise_run(beside):
    with pytest.raises(UsageError, match="production"):
        beside(ran(None), again="run")
