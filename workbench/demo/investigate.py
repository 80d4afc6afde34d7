"""What one does with a trace, done on the demo's: find, replay old and new code, plan shards, write the report."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import tune
from workbench.demo.labels import Label, Score, score
from workbench.demo.system import MAX_RECEIVE_COUNT, VISIBILITY_TIMEOUT_S
from workbench.demo.traffic import DLQ, STREAM, Planted
from workbench.findings import find
from workbench.replay import compare, replay
from workbench.report import report
from workbench.trace import Trace, open_trace


@dataclass(frozen=True, slots=True)
class Investigated:
    """What the demo found out."""

    trace: Path
    report: Path
    planted: tuple[Planted, ...]
    score: Score
    runs: tuple[dict[str, Any], ...]
    comparison: dict[str, Any]
    shards: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The result as `demo --json` prints it."""
        return {
            "trace": str(self.trace),
            "report": str(self.report),
            "planted": [
                asdict(fault) | {"found": _label(fault) in self.score.found}
                for fault in self.planted
            ],
            "missed": self.score.missed,
            "unplanted": self.score.unplanted,
            "runs": self.runs,
            "comparison": self.comparison,
            "shards": self.shards,
        }


def investigate(
    path: Path, planted: tuple[Planted, ...], tell: Callable[[str], None]
) -> Investigated:
    """Find, replay the dead-letter queue through both handlers, plan the stream's shards, write the report."""
    folder = path.parent
    with open_trace(path) as trace:
        tell("looking for duplicates, losses, wrong order and hot keys")
        findings = find(trace)
        tell("replaying the dead-letter queue through the handler, and through a fixed one")
        runs = [_replay(trace, folder / name) for name in ("charge.py", "charge_fixed.py")]
        comparison = compare(runs[0]["run_id"], runs[1]["run_id"], trace).document()
        tell("planning shards and writing the report")
        plan = tune.shards(trace, source=STREAM)
        page = report(trace, findings, folder / "report.html", shard_plans=[plan])
        agreed = score(trace, findings, planted)
    return Investigated(path, Path(page), planted, agreed, tuple(runs), comparison, plan.document())


def _replay(trace: Trace, handler: Path) -> dict[str, Any]:
    """As the fulfilment queue would deliver it: three attempts, then the dead-letter queue."""
    run = replay(
        trace,
        f"{handler}:handle",
        source=DLQ,
        mapping={"FunctionResponseTypes": ["ReportBatchItemFailures"]},
        queue_attributes={
            "VisibilityTimeout": VISIBILITY_TIMEOUT_S,
            "RedrivePolicy": {"maxReceiveCount": MAX_RECEIVE_COUNT},
        },
        now=lambda: datetime.now(UTC),
    )
    return run.document()


def _label(fault: Planted) -> Label:
    return (fault.kind, fault.source, fault.subject)
