"""Functions: invocations, and the lines that Lambda and the handler write of them, in text or in JSON.

An instance handles one request at a time and has a log stream of its own, so that instances are given out only when the
story is told: then it is known who ran when.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.answers import compact_json
from connectors.record import Checkpoint, OrderScope, Page, Record, Resource, Service, Span
from datasets.aws.queues import Message, Queue
from datasets.aws.streams import Put, Stream
from datasets.aws.tables import TableStream
from datasets.story import T0, Story, arn, at, epoch_ms, iso_ms
from workbench.trace.logged_deliveries import with_logged_deliveries

Format = Literal["Text", "JSON"]
TEXT_OF_A_TRACEBACK = (
    '\rTraceback (most recent call last):\r\xa0\xa0File "/var/task/app.py", line 31, in handler\r'
)
INGESTED_MS = 800
SEALED = True


@dataclass(slots=True, eq=False, kw_only=True)
class Invocation:
    """One attempt of one request, and how it ended."""

    request_id: str
    started_s: float
    duration_ms: float
    event: Mapping[str, Any] | None = None
    """Printed by the handler; None: it prints none."""
    prints: int = 1
    """How often it prints its event."""
    said: tuple[str, ...] = ()
    """Lines of the handler's own, at level INFO."""
    warned: tuple[str, ...] = ()
    """The same at level ERROR, handled: the invocation goes on."""
    error: tuple[str, str] | None = None
    """Type and message of what the handler raised."""
    timed_out: bool = False
    killed: bool = False
    """For want of memory."""
    init_ms: float | None = None
    """Initialised for this request."""
    restore_ms: float | None = None
    """Restored from a snapshot for this request."""

    @property
    def ended_s(self) -> float:
        """When it ended."""
        return self.started_s + self.duration_ms / 1_000


@dataclass(slots=True, eq=False)
class Function:
    """One function with its log group."""

    story: Story
    name: str
    log_format: Format = "Text"
    timeout_s: int = 30
    memory_mb: int = 256
    sources: list[tuple[Queue | Stream | TableStream, dict[str, Any]]] = field(default_factory=list)
    """What it is mapped to, with members of the mapping."""
    invocations: list[Invocation] = field(default_factory=list, init=False)
    _inits_ahead: list[float] = field(default_factory=list, init=False)
    _holes: list[Span] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.story.tellers.append(self)

    @property
    def log_group(self) -> str:
        """ARN of its log group."""
        return arn("logs", f"log-group:/aws/lambda/{self.name}")

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn("lambda", f"function:{self.name}")

    def invoke(
        self, started_s: float, duration_ms: float, *, request_id: str | None = None, **ended: Any
    ) -> Invocation:
        """An invocation; `ended` are members of `Invocation`."""
        invocation = Invocation(
            request_id=request_id or self.story.uuid(),
            started_s=started_s,
            duration_ms=duration_ms,
            **ended,
        )
        self.invocations.append(invocation)
        return invocation

    def receive(
        self,
        queue: Queue,
        messages: Sequence[Message],
        started_s: float,
        duration_ms: float,
        **ended: Any,
    ) -> Invocation:
        """An invocation with messages, which prints its event."""
        records = [queue.lambda_record(message, started_s - 0.01) for message in messages]
        return self.invoke(started_s, duration_ms, event={"Records": records}, **ended)

    def handle(
        self,
        puts: Sequence[Put],
        started_s: float,
        duration_ms: float,
        **ended: Any,
    ) -> Invocation:
        """An invocation with records of a stream, which says their sequence numbers."""
        numbers = " ".join(put.sequence_number for put in puts)
        return self.invoke(started_s, duration_ms, said=(f"records {numbers}",), **ended)

    def initialise_ahead(self, now_s: float) -> None:
        """An instance is made before anybody asks for it: provisioned concurrency."""
        self._inits_ahead.append(now_s)

    def miss(self, from_s: float, to_s: float, cause: str) -> None:
        """A span of the logs that is known not to be read; its lines are not in the trace."""
        self._holes.append(Span(at(from_s), at(to_s), cause))

    def pages(self) -> Iterator[tuple[str, Page]]:
        """All lines in the order of their instants, and the deliveries that they tell of."""
        lines: list[tuple[float, str, str]] = []
        for invocation, log_stream in self._placed():
            lines += [(s, log_stream, text) for s, text in self._lines(invocation)]
        for now_s in self._inits_ahead:
            log_stream = self._log_stream()
            lines += [(s, log_stream, text) for s, text in _init_ahead(now_s, self.log_format)]
        lines.sort(key=lambda line: line[0])
        records = tuple(
            self._record(n, *line)
            for n, line in enumerate(lines)
            if not any(hole.from_at <= at(line[0]) < hole.to_at for hole in self._holes)
        )
        spans = (Span(T0, self.story.captured_at, sealed=SEALED), *self._holes)
        yield (
            self.log_group,
            with_logged_deliveries(Page(records, Checkpoint("", "{}"), spans)),
        )

    def resources(self) -> Iterator[Resource]:
        """Its configuration and its mappings, asked of the log group and of each source."""
        configuration = compact_json(
            {
                "FunctionName": self.name,
                "FunctionArn": self.arn,
                "Runtime": "python3.13",
                "Timeout": self.timeout_s,
                "MemorySize": self.memory_mb,
                "Version": "$LATEST",
                "LoggingConfig": {
                    "LogFormat": self.log_format,
                    "LogGroup": f"/aws/lambda/{self.name}",
                },
            }
        )
        for source_arn in (self.log_group, *(source.arn for source, _ in self.sources)):
            yield Resource(source_arn, "get-function-configuration", at(0), configuration)
        for source, members in self.sources:
            mapping = {
                "UUID": self.story.uuid(),
                "EventSourceArn": source.arn,
                "FunctionArn": self.arn,
                "State": "Enabled",
                "BatchSize": 10,
                "MaximumBatchingWindowInSeconds": 0,
                **members,
            }
            listing = compact_json({"EventSourceMappings": [mapping]})
            yield Resource(source.arn, "list-event-source-mappings", at(0), listing)

    def _placed(self) -> Iterator[tuple[Invocation, str]]:
        """Each invocation with its instance; an instance that is initialised or restored is a new one."""
        free: list[tuple[float, str]] = []
        for each in sorted(self.invocations, key=lambda invocation: invocation.started_s):
            begins_s = each.started_s - ((each.init_ms or 0) + (each.restore_ms or 0)) / 1_000
            idle = [instance for instance in free if instance[0] < begins_s - 0.05]
            if each.init_ms is None and each.restore_ms is None and idle:
                free.remove(idle[0])
                log_stream = idle[0][1]
            else:
                log_stream = self._log_stream()
            free.append((each.ended_s, log_stream))
            yield each, log_stream

    def _log_stream(self) -> str:
        return f"2026/09/14/[$LATEST]{self.story.random.getrandbits(128):032x}"

    def _record(self, number: int, now_s: float, log_stream: str, text: str) -> Record:
        now_ms = epoch_ms(now_s)
        envelope = {
            "eventId": f"39{now_ms}{number:041d}",
            "logStreamName": log_stream,
            "timestamp": now_ms,
            "ingestionTime": now_ms + INGESTED_MS,
        }
        return Record(
            service=Service.LOGS,
            source_arn=self.log_group,
            partition_id=log_stream,
            record_id=str(envelope["eventId"]),
            received_at=self.story.captured_at,
            body=text.encode(),
            order_scope=OrderScope.PARTITION,
            source_at=at(now_s),
            envelope=compact_json(envelope),
        )

    def _lines(self, invocation: Invocation) -> list[tuple[float, str]]:
        write = _text_lines if self.log_format == "Text" else _json_lines
        return write(invocation, self)


def _figures(invocation: Invocation, function: Function) -> tuple[float, int, int, int]:
    """Duration, billed duration, memory, most memory used."""
    duration_ms = round(invocation.duration_ms, 2)
    used_mb = function.memory_mb if invocation.killed else 64 + len(function.name)
    return (
        duration_ms,
        int(duration_ms + (invocation.init_ms or 0)) + 1,
        function.memory_mb,
        used_mb,
    )


def _text_lines(each: Invocation, function: Function) -> list[tuple[float, str]]:
    request_id, start_s = each.request_id, each.started_s
    lines: list[tuple[float, str]] = []
    if each.init_ms is not None:
        begun_s = start_s - each.init_ms / 1_000
        lines.append((begun_s, "INIT_START Runtime Version: python:3.13.v41\n"))
    if each.restore_ms is not None:
        begun_s = start_s - each.restore_ms / 1_000
        lines.append((begun_s, "RESTORE_START Runtime Version: python:3.13.v41\n"))
        lines.append((start_s, f"RESTORE_REPORT Restore Duration: {each.restore_ms:.2f} ms\n"))
    lines.append((start_s, f"START RequestId: {request_id} Version: $LATEST\n"))
    said = [("INFO", compact_json(each.event))] * each.prints if each.event is not None else []
    said += [("INFO", text) for text in each.said] + [("ERROR", text) for text in each.warned]
    for level, text in said:
        line = f"[{level}]\t{iso_ms(start_s + 0.001)}\t{request_id}\t{text}\n"
        lines.append((start_s + 0.001, line))
    ended_s = each.ended_s
    duration_ms, billed_ms, memory_mb, used_mb = _figures(each, function)
    if each.error is not None:
        kind, message = each.error
        lines.append((ended_s, f"[ERROR] {kind}: {message}{TEXT_OF_A_TRACEBACK}"))
    more = f"\tInit Duration: {each.init_ms:.2f} ms" if each.init_ms is not None else ""
    if each.restore_ms is not None:
        more = f"\tRestore Duration: {each.restore_ms:.2f} ms\tBilled Restore Duration: 9 ms"
    if each.timed_out:
        text = f"{iso_ms(ended_s)} {request_id} Task timed out after {duration_ms / 1_000:.2f} seconds\n\n"
        lines.append((ended_s, text))
        more += "\tStatus: timeout"
    if each.killed:
        text = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"
        lines.append((ended_s, text))
        more += "\tStatus: error\tError Type: Runtime.OutOfMemory"
    lines.append((ended_s, f"END RequestId: {request_id}\n"))
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed_ms} ms"
        f"\tMemory Size: {memory_mb} MB\tMax Memory Used: {used_mb} MB{more}\t\n"
    )
    return [*lines, (ended_s, report)]


def _json_lines(each: Invocation, function: Function) -> list[tuple[float, str]]:
    request_id, start_s, ended_s = each.request_id, each.started_s, each.ended_s
    lines: list[tuple[float, str]] = []
    if each.init_ms is not None:
        lines += _initialised(start_s - each.init_ms / 1_000, each.init_ms, "on-demand")
    lines.append(
        _platform(
            start_s, "start", requestId=request_id, version="$LATEST", functionArn=function.arn
        )
    )
    said: list[tuple[str, Any]] = [("INFO", each.event)] * each.prints if each.event else []
    said += [("INFO", text) for text in each.said] + [("ERROR", text) for text in each.warned]
    lines += [_application(start_s + 0.001, level, request_id, message=m) for level, m in said]
    outcome: dict[str, Any] = {"status": "timeout" if each.timed_out else "success"}
    if each.error is not None:
        kind, message = each.error
        outcome = {"status": "error", "errorType": "Function.Unknown"}
        failed = {"errorType": kind, "errorMessage": message, "stackTrace": []}
        lines.append(_application(ended_s, "ERROR", request_id, **failed))
    if each.killed:
        outcome = {"status": "error", "errorType": "Runtime.OutOfMemory"}
    duration_ms, billed_ms, memory_mb, used_mb = _figures(each, function)
    metrics: dict[str, Any] = {"durationMs": duration_ms}
    lines.append(
        _platform(ended_s, "runtimeDone", requestId=request_id, **outcome, metrics=dict(metrics))
    )
    metrics |= {
        "billedDurationMs": billed_ms,
        "memorySizeMB": memory_mb,
        "maxMemoryUsedMB": used_mb,
    }
    if each.init_ms is not None:
        metrics["initDurationMs"] = each.init_ms
    if each.restore_ms is not None:
        metrics["restoreDurationMs"] = each.restore_ms
    return [*lines, _platform(ended_s, "report", requestId=request_id, **outcome, metrics=metrics)]


def _initialised(begun_s: float, init_ms: float, how: str) -> list[tuple[float, str]]:
    phase = {"initializationType": how, "phase": "init"}
    done_s = begun_s + init_ms / 1_000
    return [
        _platform(begun_s, "initStart", **phase, runtimeVersion="python:3.13.v41"),
        _platform(done_s, "initRuntimeDone", **phase, status="success"),
        _platform(done_s, "initReport", **phase, status="success", metrics={"durationMs": init_ms}),
    ]


def _init_ahead(now_s: float, log_format: Format) -> list[tuple[float, str]]:
    if log_format == "JSON":
        return _initialised(now_s, 412.5, "provisioned-concurrency")
    return [(now_s, "INIT_START Runtime Version: python:3.13.v41\n")]


def _platform(now_s: float, kind: str, **record: Any) -> tuple[float, str]:
    line = {"time": iso_ms(now_s), "type": f"platform.{kind}", "record": record}
    return now_s, json.dumps(line, separators=(",", ":"))


def _application(now_s: float, level: str, request_id: str, **said: Any) -> tuple[float, str]:
    line = {"timestamp": iso_ms(now_s), "level": level, "requestId": request_id, **said}
    return now_s, json.dumps(line, separators=(",", ":"))
