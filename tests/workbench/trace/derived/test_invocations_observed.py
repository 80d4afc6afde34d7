"""What logs tell of each invocation, in text and in JSON, of old runtimes and new ones; and no more than they tell."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record
from tests.factories import instant, log_event, write_trace
from tests.workbench.trace.derived.test_log_lines import (
    ID,
    JSON_SAMPLE,
    TEXT_SAMPLE,
    TRACE,
    lines_of,
)

Row = dict[str, Any]
A, B = f"{ID}1", f"{ID}2"
SEEN = ("cold", "status", "error_type", "error_message", "duration_ms", "init_ms")


@pytest.fixture
def observed(tmp_path: Path) -> Callable[..., list[Row]]:
    """Rows of lines a second apart, or of events."""

    def rows(*lines: str | Record) -> list[Row]:
        return _observed(tmp_path / "t.trace", lines)

    return rows


def _observed(folder: Path, lines: Iterable[str | Record]) -> list[Row]:
    events = [
        line if isinstance(line, Record) else log_event(n, line, seconds=n)
        for n, line in enumerate(lines, 1)
    ]
    with write_trace(folder, events) as trace:
        return trace.sql(
            "select * from invocations_observed order by request_id, attempt"
        ).to_dicts()


def seen(rows: list[Row]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in SEEN) for row in rows]


def start(request: str = A, version: str = "$LATEST") -> str:
    return f"START RequestId: {request} Version: {version}"


def end(request: str = A) -> str:
    return f"END RequestId: {request}"


def report(request: str = A, more: str = "") -> str:
    return (
        f"REPORT RequestId: {request}\tDuration: 2.5 ms\tBilled Duration: 3 ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 64 MB\t{more}"
    )


def platform(kind: str, **record: Any) -> str:
    return json.dumps({"time": "t", "type": f"platform.{kind}", "record": record})


def test_the_text_samples_give_what_happened(
    observed: Callable[..., list[Row]], shared_events: Path
) -> None:
    killed = "Runtime exited with error: signal: killed"
    memory = "Runtime.OutOfMemory"
    assert seen(observed(*lines_of(shared_events / "lambda-logs" / TEXT_SAMPLE))) == [
        (True, "success", None, None, 2.37, 423.98),
        (False, "error", "ValueError", "boom", 14.97, None),
        (False, "timeout", None, "Task timed out after 3.00 seconds", 3000.0, None),
        (False, "timeout", None, None, 3000.0, None),
        (True, "timeout", None, None, 600000.0, 476.75),
        (False, "error", memory, killed, 3296.38, None),
        (False, "error", memory, None, 10935.7, None),
        (True, "error", "Runtime.ImportModuleError", None, 95.78, 10008.48),
        (False, "success", None, None, 2338.66, None),
    ]


def test_the_json_samples_give_what_happened(
    observed: Callable[..., list[Row]], shared_events: Path
) -> None:
    assert seen(observed(*lines_of(shared_events / "lambda-logs" / JSON_SAMPLE))) == [
        (True, "success", None, None, 17.41, 380.5),
        (False, "error", "ValueError", "boom", 4.92, None),
        (False, "timeout", None, None, 3000.0, None),
        (False, "error", "Runtime.OutOfMemory", None, 1201.4, None),
        (False, "success", None, None, 2338.66, None),
    ]


def test_a_row_has_all_that_the_lines_say(observed: Callable[..., list[Row]]) -> None:
    [row] = observed(
        start(version="7"),
        f"[INFO]\t2026-01-05T10:00:00.490Z\t{A}\tone",
        "two, without an id",
        "",
        end(),
        report(more=f"\nXRAY TraceId: {TRACE}\tSegmentId: 8"),
    )
    assert row == row | {
        "request_id": A,
        "attempt": 1,
        "version": "7",
        "log_stream": "2026/11/20/[$LATEST]0123456789abcdef",
        "started_at": instant(1),
        "ended_at": instant(5),
        "billed_ms": 3,
        "memory_mb": 128,
        "max_memory_mb": 64,
        "trace_id": TRACE,
        "application_lines": 2,
        "restore_ms": None,
    }
    assert row["last_delivery_id"] - row["first_delivery_id"] == 5


def test_an_asynchronous_retry_under_the_same_id_is_another_attempt_wherever_it_ran(
    observed: Callable[..., list[Row]],
) -> None:
    raised = "[ERROR] KeyError: 'x'\rTraceback (most recent call last):"
    first = [start(), raised, end(), report()]
    events = [log_event(n, line, seconds=n) for n, line in enumerate(first, 1)]
    again = [
        "INIT_START Runtime Version: python:3.12",
        start(),
        end(),
        report(more="Init Duration: 9 ms"),
    ]
    events += [
        log_event(n, line, seconds=60 + n, log_stream="2026/11/20/[$LATEST]other")
        for n, line in enumerate(again, 10)
    ]
    rows = observed(*events)

    assert [(row["attempt"], row["status"], row["cold"]) for row in rows] == [
        (1, "error", False),
        (2, "success", True),
    ]
    assert rows[0]["error_message"] == "'x'"
    assert rows[1]["log_stream"].endswith("other")


def test_events_that_were_captured_again_are_no_other_attempt(
    observed: Callable[..., list[Row]],
) -> None:
    lines = [start(), "one", end(), report()]
    events = [log_event(n, line, seconds=n) for n, line in enumerate(lines, 1)]
    rows = observed(*events, *events)

    assert [(row["attempt"], row["status"], row["application_lines"]) for row in rows] == [
        (1, "success", 1)
    ]


def test_invocations_of_two_instances_at_once_do_not_mix(
    observed: Callable[..., list[Row]],
) -> None:
    streams = {A: "2026/11/20/[3]aa", B: "2026/11/20/[4]bb"}
    lines = [(A, start(A, "3")), (B, start(B, "4")), (A, "a"), (B, "b"), (A, "a"), (A, report(A))]
    rows = observed(
        *(
            log_event(n, line, seconds=n, log_stream=streams[request])
            for n, (request, line) in enumerate(lines)
        )
    )
    assert [(row["application_lines"], row["version"], row["status"]) for row in rows] == [
        (2, "3", "success"),
        (1, "4", "unknown"),
    ]


def test_without_system_lines_nothing_but_the_request_is_known(
    observed: Callable[..., list[Row]],
) -> None:
    line = json.dumps({"level": "WARN", "message": "odd", "requestId": A, "timestamp": "t"})
    [row] = observed(line, line)

    unknown = ("started_at", "ended_at", "duration_ms", "billed_ms", "max_memory_mb", "cold")
    assert {row[name] for name in unknown} == {None}
    assert (row["status"], row["application_lines"]) == ("unknown", 2)
    assert row["version"] == "$LATEST", "the stream's name says it"


def test_an_error_that_the_handler_caught_is_no_error_of_the_invocation(
    observed: Callable[..., list[Row]],
) -> None:
    caught = f"[ERROR]\t2026-01-05T10:00:00.490Z\t{A}\tValueError: but handled"
    [row] = observed(start(), caught, end(), report())

    assert (row["status"], row["error_type"], row["error_message"]) == ("success", None, None)


def test_an_unhandled_error_of_node_is_known_by_its_words(
    observed: Callable[..., list[Row]],
) -> None:
    said = json.dumps({"errorType": "TypeError", "errorMessage": "x is undefined", "stack": []})
    line = f"2026-01-05T10:00:00.490Z\t{A}\tERROR\tInvoke Error \t{said}".replace('": ', '":')
    [row] = observed(start(), line, end(), report())

    assert (row["status"], row["error_type"], row["error_message"]) == (
        "error",
        "TypeError",
        "x is undefined",
    )


def test_initialising_ahead_of_time_is_no_cold_start(observed: Callable[..., list[Row]]) -> None:
    ahead = {"initializationType": "provisioned-concurrency", "phase": "init"}
    [row] = observed(
        platform("initStart", **ahead),
        platform("initReport", **ahead, metrics={"durationMs": 900}),
        platform("start", requestId=A, version="3"),
        platform("report", requestId=A, status="success", metrics={"durationMs": 5}),
    )
    assert (row["cold"], row["init_ms"]) == (False, None)


def test_a_restored_snapshot_is_told_apart_from_an_initialisation(
    observed: Callable[..., list[Row]],
) -> None:
    [row] = observed(
        platform("restoreStart", functionVersion="7"),
        platform("restoreReport", status="success", metrics={"durationMs": 398.97}),
        platform("start", requestId=A, version="7"),
        platform("report", requestId=A, status="success", metrics={"durationMs": 5}),
    )
    assert (row["cold"], row["restore_ms"], row["version"]) == (False, 398.97, "7")


def test_an_initialisation_repeated_within_the_invocation_is_its_own(
    observed: Callable[..., list[Row]],
) -> None:
    failed = "INIT_REPORT Init Duration: 316.80 ms\tPhase: %s\tStatus: error\tError Type: Runtime.ImportModuleError"
    rows = observed(
        start(A),
        failed % "invoke",
        end(A),
        report(A, "Status: error\tError Type: Runtime.ImportModuleError"),
        start(B),
        end(B),
        report(B),
    )
    assert [(row["cold"], row["status"], row["error_type"]) for row in rows] == [
        (True, "error", "Runtime.ImportModuleError"),
        (False, "success", None),
    ]


def test_a_killed_process_that_had_memory_left_is_not_called_out_of_memory(
    observed: Callable[..., list[Row]],
) -> None:
    killed = f"RequestId: {A} Error: Runtime exited with error: signal: killed\nRuntime.ExitError"
    [row] = observed(start(), end(), report(), killed)

    assert (row["status"], row["error_type"]) == ("error", "Runtime.ExitError")


def test_lines_of_one_millisecond_keep_the_order_they_came_in(
    observed: Callable[..., list[Row]],
) -> None:
    lines = [start(A), "of a", end(A), report(A), start(B), "of b", end(B), report(B)]
    rows = observed(*(log_event(n, line, seconds=1) for n, line in enumerate(lines)))

    assert [row["application_lines"] for row in rows] == [1, 1]


def test_a_text_log_whose_lines_have_no_instants_is_read_in_its_order(
    observed: Callable[..., list[Row]],
) -> None:
    lines = [start(A), "of a", end(A), report(A), start(B), "of b", end(B), report(B)]
    events = [log_event(n, line) for n, line in enumerate(lines)]
    untimed = [replace(event, source_at=None) for event in events]
    untimed[5] = replace(events[5], source_at=instant(-100))
    rows = observed(*untimed)

    assert [(row["application_lines"], row["started_at"]) for row in rows] == [(1, None), (1, None)]


def test_odd_error_names_and_messages_are_shown_as_they_are(
    observed: Callable[..., list[Row]],
) -> None:
    [row] = observed(start(), "[ERROR] a.b.C: (x[: y\rTraceback", end(), report())

    assert (row["error_type"], row["error_message"]) == ("a.b.C", "(x[: y")
