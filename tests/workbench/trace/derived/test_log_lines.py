"""Every line that Lambda writes is known for what it is; every other line is an application's."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import instant, log_event, write_trace

JSON_SAMPLE, TEXT_SAMPLE = "system-log-json.synthetic.jsonl", "text-log-lines.synthetic.txt"
ID = "00000000-0000-4000-8000-00000000000"
TRACE = "1-62e900b2-710d76f009d6e7785905449a"
ALWAYS = ("delivery_id", "source_arn", "log_stream", "source_at", "ingested_at", "format")
Row = dict[str, Any]


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., list[Row]]:
    """What `log_lines` says of lines, without what is null and what is the same for all."""

    def rows(*lines: str | bytes) -> list[Row]:
        events = [log_event(n, line, seconds=n) for n, line in enumerate(lines, 1)]  # type: ignore[arg-type]
        return _told(tmp_path / "t.trace", events)

    return rows


def _told(folder: Path, events: list[Any]) -> list[Row]:
    with write_trace(folder, events) as trace:
        found = trace.sql("select * from log_lines order by delivery_id").to_dicts()
    return [
        {k: v for k, v in row.items() if v not in (None, False) and k not in ALWAYS}
        for row in found
    ]


def lines_of(sample: Path) -> list[str]:
    lines = sample.read_bytes().decode().split("\n")
    return [line for line in lines if not line.startswith("#")][:-1]


def row(line_type: str, number: int | None = None, **more: Any) -> Row:
    return {"line_type": line_type} | ({"request_id": f"{ID}{number}"} if number else {}) | more


def report(number: int, *figures: float, **more: Any) -> Row:
    names = ("duration_ms", "billed_ms", "memory_mb", "max_memory_mb")
    return row("report", number, **dict(zip(names, figures, strict=True)), **more)


ON_DEMAND = {"phase": "init", "initialization_type": "on-demand"}
JSON_LINES = [
    row("init_start", version="$LATEST", **ON_DEMAND),
    row("init_runtime_done", status="success", **ON_DEMAND),
    row("init_report", status="success", init_ms=380.5, **ON_DEMAND),
    row("start", 1, version="$LATEST", trace_id=TRACE),
    row("application", 1, level="INFO", message="processing 3 records"),
    row("runtime_done", 1, status="success", duration_ms=17.4, trace_id=TRACE),
    report(1, 17.41, 398, 128, 67, init_ms=380.5, status="success", trace_id=TRACE),
    row("start", 2, version="$LATEST"),
    row("application", 2, level="ERROR", message="boom", error_type="ValueError", unhandled=True),
    row("runtime_done", 2, status="error", duration_ms=4.9, error_type="Function.Unknown"),
    report(2, 4.92, 5, 128, 67, status="error", error_type="Function.Unknown"),
    row("start", 3, version="$LATEST"),
    row("runtime_done", 3, status="timeout", duration_ms=3000.182),
    report(3, 3000, 3000, 128, 94, status="timeout"),
    row("start", 4, version="$LATEST"),
    row("runtime_done", 4, status="error", duration_ms=1200.9, error_type="Runtime.OutOfMemory"),
    report(4, 1201.4, 1202, 128, 128, status="error", error_type="Runtime.OutOfMemory"),
    row("restore_start", version="7"),
    row("restore_runtime_done", status="success"),
    row("restore_report", status="success", restore_ms=398.97),
    row("start", 5, version="7"),
    report(5, 2338.66, 2521, 512, 173, status="success", restore_ms=398.97, billed_restore_ms=182),
    row("logs_dropped"),
]
RAISED = (
    "ValueError: boom\rTraceback (most recent call last):\r\xa0\xa0"
    'File "/var/task/app.py", line 4, in handler\r\xa0\xa0\xa0\xa0raise ValueError("boom")'
)
TEXT_LINES = [
    row("init_start"),
    row("start", 1, version="$LATEST"),
    row("application", 1, level="INFO", message="processing 3 records"),
    row("end", 1),
    report(1, 2.37, 427, 1024, 95, init_ms=423.98),
    row("xray", trace_id=TRACE),
    row("start", 2, version="$LATEST"),
    row("application", level="ERROR", message=RAISED, error_type="ValueError", unhandled=True),
    row("end", 2),
    report(2, 14.97, 15, 128, 67),
    row("start", 3, version="$LATEST"),
    row("timeout", 3, message="Task timed out after 3.00 seconds"),
    row("application", message=""),
    row("end", 3),
    report(3, 3000, 3000, 128, 36),
    report(4, 3000, 3000, 1024, 64, status="timeout"),
    report(5, 600000, 600477, 1536, 1035, init_ms=476.75, status="timeout"),
    row("end", 6),
    report(6, 3296.38, 3297, 128, 128),
    row("runtime_exit", 6, message="Runtime exited with error: signal: killed"),
    row("runtime_exit", message="Runtime.ExitError", error_type="Runtime.ExitError"),
    report(7, 10935.7, 10936, 1024, 1024, status="error", error_type="Runtime.OutOfMemory"),
    row(
        "init_report",
        init_ms=316.8,
        phase="init",
        status="error",
        error_type="Runtime.ImportModuleError",
    ),
    row(
        "init_report",
        init_ms=0.61,
        phase="invoke",
        status="error",
        error_type="Runtime.InvalidEntrypoint",
    ),
    row("init_report", init_ms=10008.48, phase="init", status="timeout"),
    report(8, 95.78, 96, 512, 39, status="error", error_type="Runtime.ImportModuleError"),
    row("restore_start"),
    row("restore_report", restore_ms=398.97),
    row("start", 9, version="72"),
    row("end", 9),
    report(9, 2338.66, 2521, 3009, 173, restore_ms=398.97, billed_restore_ms=182),
    row("restore_report", restore_ms=1236.04, status="timeout"),
    row("restore_report", restore_ms=1236.04, status="error", error_type="Runtime.ExitError"),
]


@pytest.mark.parametrize(
    ("sample", "expected"), [(JSON_SAMPLE, JSON_LINES), (TEXT_SAMPLE, TEXT_LINES)]
)
def test_each_line_of_the_samples_is_of_its_type_with_its_fields_and_no_other(
    sample: str, expected: list[Row], told: Callable[..., list[Row]], shared_events: Path
) -> None:
    assert told(*lines_of(shared_events / "lambda-logs" / sample)) == expected


def test_a_line_keeps_its_event_its_instants_and_its_format(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", [log_event(7, "x", seconds=1), log_event(8, "{}")]) as t:
        first, second = t.sql("select * from log_lines order by delivery_id").to_dicts()
        record = t.sql("select * from records order by delivery_id").row(0, named=True)

    assert first["delivery_id"] == record["delivery_id"]
    assert (first["source_at"], first["ingested_at"]) == (instant(1), instant(1.5))
    assert (first["log_stream"], first["source_arn"]) == (
        record["partition_id"],
        record["source_arn"],
    )
    assert (first["format"], second["format"]) == ("text", "json")


FIELDS = [
    "Duration: 2.5 ms",
    "Billed Duration: 3 ms",
    "Memory Size: 128 MB",
    "Max Memory Used: 64 MB",
    "Init Duration: 100.25 ms",
    "Restore Duration: 7.5 ms",
    "Billed Restore Duration: 8 ms",
    "Status: error",
    "Error Type: Runtime.ExitError",
]


@settings(max_examples=10)
@given(st.permutations(FIELDS), st.integers(0, 9))
def test_a_report_is_read_whatever_its_optional_fields_and_their_order(
    fields: list[str], shown: int
) -> None:
    line = f"REPORT RequestId: {ID}1\t" + "\t".join(fields[:shown]) + "\t\n"
    with TemporaryDirectory() as aside:
        [found] = _told(Path(aside, "t.trace"), [log_event(1, line)])
    every = {
        "Duration": ("duration_ms", 2.5),
        "Billed Duration": ("billed_ms", 3),
        "Memory Size": ("memory_mb", 128),
        "Max Memory Used": ("max_memory_mb", 64),
        "Init Duration": ("init_ms", 100.25),
        "Restore Duration": ("restore_ms", 7.5),
        "Billed Restore Duration": ("billed_restore_ms", 8),
        "Status": ("status", "error"),
        "Error Type": ("error_type", "Runtime.ExitError"),
    }
    assert found == row("report", 1, **dict(every[f.split(":")[0]] for f in fields[:shown]))


def test_a_report_with_its_trace_in_the_same_event_names_it(
    told: Callable[..., list[Row]],
) -> None:
    line = f"REPORT RequestId: {ID}1\tDuration: 2.5 ms\t\nXRAY TraceId: {TRACE}\tSegmentId: 8\t\n"

    assert told(line) == [row("report", 1, duration_ms=2.5, trace_id=TRACE)]


def application(**more: Any) -> Row:
    return row("application", **more)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            f"2026-01-05T10:00:00.490Z\t{ID}1\tINFO\tpaid\t12\n",
            application(request_id=f"{ID}1", level="INFO", message="paid\t12"),
        ),
        (
            f'2026-01-05T10:00:00.490Z\t{ID}1\tERROR\tInvoke Error \t{{"errorType":"TypeError","errorMessage":"no"}}',
            application(
                request_id=f"{ID}1",
                level="ERROR",
                error_type="TypeError",
                unhandled=True,
                message='Invoke Error \t{"errorType":"TypeError","errorMessage":"no"}',
            ),
        ),
        (
            "2026-01-05T10:00:00.490Z\tundefined\tINFO\tloading",
            application(level="INFO", message="loading"),
        ),
        (
            "[WARNING]\t2026-01-05T10:00:00.490Z\t\tbefore any request",
            application(level="WARNING", message="before any request"),
        ),
        (
            f"[ERROR]\t2026-01-05T10:00:00.490Z\t{ID}1\tValueError: told by the application",
            application(
                request_id=f"{ID}1", level="ERROR", message="ValueError: told by the application"
            ),
        ),
        ("EXTENSION\tName: lumigo\tState: Ready\tEvents: [SHUTDOWN]", row("extension")),
        ("TELEMETRY\tName: otel\tState: Subscribed\tTypes: [Platform]", row("telemetry")),
        ("LOGS\tName: datadog\tState: Subscribed\tTypes: [Function]", row("telemetry")),
        (
            f"RequestId: {ID}1 Process exited before completing request",
            row("runtime_exit", 1, message="Process exited before completing request"),
        ),
        ("START the engine", application(message="START the engine")),
        ("", application(message="")),
    ],
)
def test_text_of_the_runtimes_is_taken_apart(
    line: str, expected: Row, told: Callable[..., list[Row]]
) -> None:
    assert told(line) == [expected]


POWERTOOLS = {
    "level": "INFO",
    "location": "handler:12",
    "message": "Collecting payment",
    "timestamp": "2026-01-05 10:00:00,490+0000",
    "service": "pay",
    "cold_start": True,
    "function_request_id": f"{ID}1",
    "xray_trace_id": TRACE,
    "requestId": "the customer's own",
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            POWERTOOLS,
            application(
                request_id=f"{ID}1", level="INFO", message="Collecting payment", trace_id=TRACE
            ),
        ),
        (
            POWERTOOLS | {"message": {"Records": []}},
            application(
                request_id=f"{ID}1", level="INFO", message='{"Records":[]}', trace_id=TRACE
            ),
        ),
        (
            {"message": json.dumps({"level": "ERROR", "n": 1}), "level": "INFO"},
            application(level="INFO", message='{"level": "ERROR", "n": 1}'),
        ),
        (
            {"level": "ERROR", "message": "m", "exception_name": "KeyError"},
            application(level="ERROR", message="m", error_type="KeyError"),
        ),
        ({"level": 30, "msg": "pino"}, application(level="30", message="pino")),
        ({"requestId": "order-7"}, application()),
        ({"level": {"deep": 1}}, application()),
        ({"type": "platform.report", "id": 7}, application()),
        ({"time": "t", "type": "platform.report", "record": {}}, application()),
        ({"time": "t", "type": "platform.start", "record": {"album": "Blue"}}, application()),
        ({"time": "t", "type": "platform.report", "record": "vinyl"}, application()),
        ({"time": "t", "type": "order.created", "record": {"requestId": "r"}}, application()),
        ({"time": "t", "type": "platform.logsDropped", "record": {}}, application()),
        (
            {
                "time": "t",
                "type": "platform.invokeSummary",
                "record": {"requestId": "r", "status": "success"},
            },
            row("platform.invokeSummary", status="success") | {"request_id": "r"},
        ),
        ({"time": "t", "type": "platform.extension", "record": {"name": "x"}}, row("extension")),
        (
            {"time": "t", "type": "platform.telemetrySubscription", "record": {"name": "x"}},
            row("telemetry"),
        ),
    ],
)
def test_json_is_taken_for_what_its_members_say(
    value: Any, expected: Row, told: Callable[..., list[Row]]
) -> None:
    assert told(json.dumps(value), " " + json.dumps(value) + "\n") == [expected, expected]


NESTED = '{"a":' * 5_000 + "1" + "}" * 5_000
REPORT = (
    '{"time":"t","type":"platform.report","record":{"requestId":"r","metrics":{"durationMs":%s}}}'
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"level":"INFO","level":"ERROR","message":"x"}', {"level": "ERROR", "message": "x"}),
        ('{"message":"half \\ud800","level":"WARN"}', {"level": "WARN", "message": "half ?"}),
        ('{"type":"platform.report","time":"t","record":{"requestId":"r"},"type":"mine"}', {}),
        ('{"level":"INFO","message":NaN}', {"level": "INFO", "message": "NaN"}),
        ('{"level":"INFO"', {"message": '{"level":"INFO"'}),
        ("{0} of {1}", {"message": "{0} of {1}"}),
        (NESTED, {"message": NESTED}),
        ('{"message":%s}' % ("9" * 5_000), {"message": '{"message":%s}' % ("9" * 5_000)}),
        ('{"message":"nul \\u0000 within"}', {"message": "nul \0 within"}),
        ("[1, 2]", {"message": "[1, 2]"}),
        ("null", {"message": "null"}),
    ],
)
def test_a_hostile_line_is_an_applications_and_what_is_not_known_stays_unknown(
    line: str, expected: Row, told: Callable[..., list[Row]]
) -> None:
    assert told(line, "after it") == [application(**expected), application(message="after it")]


@pytest.mark.parametrize("figure", ["1e400", "9" * 400, '"fast"', "null", "[1]", "NaN"])
def test_a_figure_that_is_none_is_unknown_not_zero(
    figure: str, told: Callable[..., list[Row]]
) -> None:
    [found] = told(REPORT % figure)

    assert "duration_ms" not in found


def test_bytes_that_are_no_text_are_a_line_that_says_nothing(tmp_path: Path) -> None:
    event = replace(log_event(1), body=b"\xff\xfe")
    assert _told(tmp_path / "t.trace", [event]) == [application()]


LIKELY = (
    f"START RequestId: {ID}1 Version: $LATEST",
    f"END RequestId: {ID}1",
    f"REPORT RequestId: {ID}1\tDuration: 2.37 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\t",
    "INIT_START Runtime Version: python:3.12.v27\tRuntime Version ARN: arn",
    f'{{"time":"2026-01-05T10:00:00Z","type":"platform.start","record":{{"requestId":"{ID}1"}}}}',
)


@settings(max_examples=10)
@given(st.lists(st.text(max_size=40) | st.sampled_from(LIKELY), max_size=8))
def test_no_line_is_lost_whatever_it_is(lines: list[str]) -> None:
    texts = [line for line in lines if not any("\ud800" <= c <= "\udfff" for c in line)]
    with TemporaryDirectory() as aside:
        found = _told(Path(aside, "t"), [log_event(n, text) for n, text in enumerate(texts)])
    assert len(found) == len(texts)
