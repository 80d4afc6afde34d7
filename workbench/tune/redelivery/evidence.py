"""What a capture tells of a queue's redelivery: settings, attempts, receives, dead letters."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace, source_name
from workbench.trace.sql import load_statement


@dataclass(frozen=True, slots=True)
class Current:
    """What is set now; None where the capture does not tell."""

    visibility_timeout_s: int | None
    max_receive_count: int | None
    dead_letter_arn: str | None
    is_fifo: bool
    batch_size: int | None
    window_s: int | None
    timeout_s: float | None
    """Function timeout; the longest, where several functions are mapped."""
    reports_failures: bool
    """Whether every mapping takes partial responses."""
    log_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything about one queue that a capture tells."""

    source_arn: str
    current: Current
    attempts: pl.DataFrame
    """See `attempts.sql`."""
    messages: pl.DataFrame
    """See `messages.sql`."""
    tries: pl.DataFrame
    """See `tries.sql`."""
    dead_letters: int | None
    """Messages found in the dead-letter queue that came from here; None: it was not captured."""

    @property
    def failed(self) -> int:
        """Invocations that ended in an error, a timeout or a failure."""
        return self.attempts.filter(pl.col("status") != "success").height

    def told(self) -> list[tuple[int, int]]:
        """Attempts and failures of each message; an invocation of no captured message stands for one message.

        What a function handled well is deleted: a capture may hold only what failed. Taking that alone would make every
        message poison.
        """
        untied = self.attempts.filter(pl.col("messages").is_null())["status"]
        return [
            *self.tries.select("attempts", "failed").iter_rows(),
            *((1, int(status != "success")) for status in untied),
        ]

    @property
    def records_per_batch(self) -> float:
        """Messages of an invocation, on average; 1 where nothing tells."""
        mean = self.attempts["messages"].mean() if self.attempts.height else None
        return float(mean) if isinstance(mean, float) else 1.0

    def first_waits_s(self) -> NDArray[np.float64]:
        """From arrival to the first attempt, of each message of which both are known."""
        return self.tries["first_wait_s"].drop_nulls().to_numpy()


def queue_in_trace(trace: Trace, source: str) -> str:
    """The ARN of a queue that was captured, or that a mapping or a snapshot of attributes tells of.

    A queue that a function empties holds nothing to capture; its logs and its configuration are enough.

    Raises:
        UsageError: none of that name, or not a queue.
    """
    known = trace.sql(
        "select source_arn from event_source_mappings union select source_arn from queues"
    )
    named = [arn for arn in known["source_arn"] if source in (arn, source_name(arn))]
    arn = str(named[0]) if len(named) == 1 else source_in_trace(trace, source)
    if arn.split(":")[2:3] != ["sqs"]:
        raise UsageError(
            f"wanted a queue, found {source_name(arn)}, which has no visibility timeout; name sqs:NAME"
        )
    return arn


def read_evidence(trace: Trace, source_arn: str) -> Evidence:
    """What the trace tells of this queue."""
    current = _current(trace, source_arn)
    asked = {
        "source_arn": source_arn,
        "dead_letter_arn": current.dead_letter_arn,
        "log_groups": list(current.log_groups),
    }
    return Evidence(
        source_arn,
        current,
        _asked(trace, "attempts", **asked),
        _asked(trace, "messages", source_arn=source_arn),
        _asked(trace, "tries", **asked),
        _dead_letters(trace, source_arn, current.dead_letter_arn),
    )


def _asked(trace: Trace, statement: str, **values: Any) -> pl.DataFrame:
    return trace.sql(load_statement(__package__, statement).text, **values)


def _current(trace: Trace, source_arn: str) -> Current:
    queue = _newest(trace.sql("select * from queues where source_arn = $arn", arn=source_arn))
    mappings = trace.sql(
        "select * from event_source_mappings where source_arn = $arn"
        " qualify observed_at = max(observed_at) over (partition by mapping_id)",
        arn=source_arn,
    )
    groups = mappings["log_group"].unique(maintain_order=True).to_list()
    if not groups:
        told = trace.sql(
            "select distinct log_group from handlings where source_arn = $arn and certainty = 1 order by 1",
            arn=source_arn,
        )
        groups = told["log_group"].to_list()
    documents = [json.loads(document) for document in mappings["document"]]
    return Current(
        visibility_timeout_s=queue.get("visibility_timeout_s"),
        max_receive_count=queue.get("max_receive_count"),
        dead_letter_arn=queue.get("dead_letter_arn"),
        is_fifo=source_arn.endswith(".fifo") or bool(queue.get("is_fifo")),
        batch_size=_most(mappings["batch_size"]),
        window_s=_most(mappings["window_s"]),
        timeout_s=_timeout(trace, mappings["function_arn"].to_list()),
        reports_failures=bool(documents)
        and all(
            "ReportBatchItemFailures" in (each.get("FunctionResponseTypes") or ())
            for each in documents
        ),
        log_groups=tuple(groups),
    )


def _newest(frame: pl.DataFrame) -> dict[str, Any]:
    return frame.sort("observed_at").row(-1, named=True) if frame.height else {}


def _most(column: pl.Series) -> int | None:
    most = column.max()
    return most if isinstance(most, int) else None


def _timeout(trace: Trace, function_arns: Sequence[str]) -> float | None:
    """The longest timeout of these functions, as last looked at; a version or alias is looked for first."""
    told = trace.sql(
        "select document->>'$.FunctionArn' as function_arn, try_cast(document->>'$.Timeout' as double) as timeout_s"
        " from resources where kind = 'get-function-configuration' and json_valid(document) order by observed_at"
    )
    by_arn = dict(zip(told["function_arn"], told["timeout_s"], strict=True))
    plain = {_unqualified(arn): timeout for arn, timeout in by_arn.items() if arn}
    found = [by_arn.get(arn) or plain.get(_unqualified(arn)) for arn in function_arns]
    known = [each for each in found if each is not None]
    return max(known) if known else None


def _unqualified(function_arn: str) -> str:
    return ":".join(function_arn.split(":")[:7])


def _dead_letters(trace: Trace, source_arn: str, dead_letter_arn: str | None) -> int | None:
    """Messages in the dead-letter queue that came from here; None where it was not captured."""
    if dead_letter_arn is None:
        return None
    found = trace.sql(
        "select count(distinct record_id) filter (coalesce(origin, $arn) = $arn) as ours, count(*) as looked"
        " from (select record_id, try(attributes->>'$.system.DeadLetterQueueSourceArn') as origin"
        "       from records where source_arn = $dead)",
        arn=source_arn,
        dead=dead_letter_arn,
    ).row(0, named=True)
    covered = trace.sql(
        "select 1 from coverage where source_arn = $dead limit 1", dead=dead_letter_arn
    )
    return int(found["ours"]) if found["looked"] or covered.height else None
