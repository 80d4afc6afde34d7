"""A capture in a process of its own: the only one with AWS credentials, and one that no busy notebook can stall."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.summary import Summary
from workbench.trace.reader import Trace
from workbench.trace.sources import source_name

INTERRUPTED = 130
ASKED_S = 0.2
"""Between two looks at whether anybody still wants to know."""


class CaptureProcess(Summary):
    """A capture that was started with `start_capture`; the notebook goes on meanwhile."""

    def __init__(self, trace: Path, process: "subprocess.Popen[str]") -> None:
        self.trace = trace
        self._process = process

    @property
    def running(self) -> bool:
        """Whether it still reads."""
        return self._process.poll() is None

    def progress(self) -> dict[str, int]:
        """Records stored so far in the trace, by source; empty until the trace is there."""
        try:
            with Trace(self.trace) as trace:
                rows = trace.sql("select source_arn, count(*) from records group by 1 order by 1")
                return dict(rows.iter_rows())
        except WorkbenchError:
            return {}

    def wait(self, timeout_s: float | None = None) -> dict[str, Any]:
        """The document that `capture --json` prints, once the capture has ended.

        Raises:
            WorkbenchError: the capture failed; the message is its own.
            subprocess.TimeoutExpired: it is still running.
        """
        answer, complaint = self._process.communicate(timeout=timeout_s)
        return _document(
            answer, complaint, f"the capture ended with code {self._process.returncode}"
        )

    def stop(self) -> dict[str, Any]:
        """End it now; what was committed stays, and the same capture resumes from there.

        Returns:
            As `wait`.
        """
        self.interrupt()
        return self.wait()

    def interrupt(self) -> None:
        """Ask it to end, and return at once; nothing where it has ended."""
        if self.running:
            self._process.send_signal(signal.SIGINT)

    def _facts(self) -> dict[str, Any]:
        """Whether it still reads, and what it has stored."""
        stored = self.progress()
        return {
            "trace": self.trace,
            "state": "running" if self.running else f"ended with code {self._process.returncode}",
            "records": sum(stored.values()),
            "by source": {source_name(arn): count for arn, count in stored.items()},
        }


def start_capture(
    trace: str | Path,
    sources: Sequence[str],
    *,
    since: str | None = None,
    until: str | None = None,
    follow: bool = False,
    around: str | None = None,
    window: str | None = None,
    mode: str | None = None,
    redact: str | None = None,
    kcl_application: str | None = None,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
) -> CaptureProcess:
    """Start `workbench capture` in a process of its own and return at once.

    Args:
        trace: the folder; made when not there, resumed when there.
        sources: `kinesis:orders`, `sqs:orders-dlq`, `sns:orders`, `dynamodb:orders`, `lambda:charge` or ARNs.
        since: an instant or an age (`2h`); None for all that AWS still keeps (logs: the last hour).
        until: an instant; None for the tip as of now.
        follow: go on at the tip until `stop()`.
        around: the instant of an incident, in place of the three before: all that is still there around it.
        window: so much before and after `around` (`30m`).
        mode: `peek` or `drain`, which queues need by name.
        redact: the profile by which payloads are redacted before their first byte reaches the disk.
        kcl_application: the Kinesis Client Library application whose positions are noted as well.
        profile: AWS profile.
        region: AWS Region.
        endpoint_url: another server than AWS, such as a local one.

    Example:
        >>> capture = start_capture("incident.trace", ["kinesis:orders"], since="2h")  # doctest: +SKIP
        >>> capture.wait()["complete"]                                                 # doctest: +SKIP
        True
    """
    options = {
        "--since": since,
        "--until": until,
        "--around": around,
        "--window": window,
        "--mode": mode,
        "--redact": redact,
        "--kcl-application": kcl_application,
        "--profile": profile,
        "--region": region,
        "--endpoint-url": endpoint_url,
    }
    return CaptureProcess(
        Path(trace),
        _started(["capture", str(trace), *sources, *(["--follow"] if follow else [])], options),
    )


def ask_preflight(
    sources: Sequence[str],
    *,
    mode: str | None = None,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """What a capture of these sources would meet, asked with describe calls by a process of its own.

    Args:
        sources: as of `start_capture`.
        mode: as of `start_capture`.
        profile: AWS profile.
        region: AWS Region.
        endpoint_url: another server than AWS, such as a local one.
        stop: to be set by whoever does not want to know any more.

    Returns:
        The document that `preflight --json` prints: `ready`, and `sources` in their order.

    Raises:
        WorkbenchError: it could not be asked; the message is its own.
    """
    options = {
        "--mode": mode,
        "--profile": profile,
        "--region": region,
        "--endpoint-url": endpoint_url,
    }
    with _started(["preflight", *sources], options) as process:
        while True:
            with suppress(subprocess.TimeoutExpired):
                answer, complaint = process.communicate(timeout=ASKED_S)
                break
            if stop is not None and stop.is_set():
                process.kill()
    return _document(answer, complaint, f"the preflight ended with code {process.returncode}")


def _started(words: Sequence[str], options: Mapping[str, str | None]) -> "subprocess.Popen[str]":
    chosen = [
        word for name, value in options.items() if value is not None for word in (name, value)
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", *words, "--json", *chosen],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _document(answer: str, complaint: str, otherwise: str) -> dict[str, Any]:
    """What the command printed; where it printed nothing, the last line of its complaint is raised."""
    if not answer.strip():
        raise WorkbenchError((complaint.strip().splitlines() or [otherwise])[-1])
    document: dict[str, Any] = json.loads(answer)
    return document
