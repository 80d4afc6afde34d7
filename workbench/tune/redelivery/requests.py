"""What a queue's requests cost: long against short polling, and messages sent one by one against in batches."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.tune.simulate.compiled import compiled

MONTH_S = 30 * 86_400
SHORT_POLL_S = 0.1
"""Between two short polls. Assumed: a loop that asks again at once waits about this long for an answer."""
LONG_POLL_S = 20.0
"""Longest WaitTimeSeconds."""
POLLERS = 5
"""Pollers of an event source mapping when there is little to do."""
BATCH_MESSAGES = 10
"""Of a SendMessageBatch."""
BATCH_BYTES = 1_048_576
"""Most bytes of SendMessageBatch. Source: SQS API reference, SendMessageBatch."""
CHUNK_BYTES = 65_536
"""Each 64 KiB chunk of a payload is billed as a request."""
BUFFER_WINDOWS_S = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)


def polls_per_month(wait_s: float, work_s: float = 0.0, pollers: int = POLLERS) -> float:
    """Receive requests of a month of pollers that each wait for an answer, work on it, and ask again.

    Example:
        >>> polls_per_month(20.0, pollers=1), round(polls_per_month(0.1, pollers=1))
        (129600.0, 25920000)

    Source: Amazon SQS developer guide, "Amazon SQS short and long polling".
    """
    return pollers * MONTH_S / (wait_s + work_s)


def price(requests: float, usd_per_million: float | None) -> float | None:
    """In USD; None where it is not known."""
    return None if usd_per_million is None else requests * usd_per_million / 1e6


@dataclass(frozen=True, slots=True)
class Buffered:
    """What would have been sent if producers had waited this long to fill a SendMessageBatch."""

    window_s: float
    messages: int
    requests: int
    """Billed: a batch is one for each 64 KiB of it."""
    requests_alone: int
    """Billed when each message is sent alone."""
    added_mean_s: float
    added_max_s: float


def buffered(
    at_s: NDArray[np.float64], sizes: NDArray[np.int64], window_s: float, batch_bytes: int
) -> Buffered:
    """Put arrivals into batches: one is sent when it is full, or when its first message has waited `window_s`.

    Args:
        at_s: arrivals, ascending, as one producer: several that do not share a buffer save less.
        sizes: bytes of each message.
        window_s: how long the first message of a batch waits at most.
        batch_bytes: most bytes of a batch.

    Example:
        >>> found = buffered(np.array([0.0, 0.01, 1.0]), np.array([10, 10, 10]), 0.1, 1_048_576)
        >>> found.requests, round(found.added_max_s, 2)
        (2, 0.1)

    Source: SendMessageBatch; Amazon SQS developer guide, "Amazon SQS batch actions".
    """
    requests, total, longest = _batches(
        at_s.astype(np.float64), sizes.astype(np.int64), window_s, batch_bytes
    )
    count = len(at_s)
    alone = int(np.maximum(1, -(-sizes // CHUNK_BYTES)).sum())
    return Buffered(
        window_s, count, requests, alone, total / count if count else 0.0, longest if count else 0.0
    )


@compiled
def _batches(
    at_s: NDArray[np.float64], sizes: NDArray[np.int64], window_s: float, batch_bytes: int
) -> tuple[int, float, float]:
    first, requests, total, longest = 0, 0, 0.0, 0.0
    while first < len(at_s):
        end, held = first, 0
        while (
            end < len(at_s)
            and end - first < BATCH_MESSAGES
            and at_s[end] <= at_s[first] + window_s
            and (end == first or held + sizes[end] <= batch_bytes)
        ):
            held += sizes[end]
            end += 1
        full = end - first == BATCH_MESSAGES or (
            end < len(at_s) and at_s[end] <= at_s[first] + window_s
        )
        # A batch that had no room for the next message is sent when that arrives.
        sent_at = at_s[first] + window_s
        if full:
            sent_at = at_s[end - 1] if end - first == BATCH_MESSAGES else at_s[end]
        for place in range(first, end):
            wait = sent_at - at_s[place]
            total += wait
            longest = max(longest, wait)
        requests += max(1, -(-held // CHUNK_BYTES))
        first = end
    return requests, total, longest


def polling(pollers: int, usd_per_million: float | None) -> dict[str, Any]:
    """An idle queue's month. Requests of a busy queue follow its messages, whichever way it is polled."""

    def of(wait_s: float) -> dict[str, float | None]:
        requests = polls_per_month(wait_s, pollers=pollers)
        return {
            "wait_s": wait_s,
            "requests_per_month": requests,
            "usd_per_month": price(requests, usd_per_million),
        }

    return {
        "pollers": pollers,
        "usd_per_million_requests": usd_per_million,
        "long": of(LONG_POLL_S),
        "short": of(SHORT_POLL_S),
        "assumed": f"a short poll every {SHORT_POLL_S} s; an empty answer is a request",
    }


def batching(messages: pl.DataFrame, usd_per_million: float | None) -> dict[str, Any]:
    """Requests saved by buffers of several lengths in front of SendMessageBatch, on the captured arrivals.

    Args:
        messages: `arrived_at, bytes`; those where either is not known are left out.
        usd_per_million: of requests.
    """
    known = messages.drop_nulls(["arrived_at", "bytes"])
    at_s = known["arrived_at"].dt.epoch("us").to_numpy() / 1e6
    sizes = known["bytes"].to_numpy()
    windows = (
        buffered(at_s - (at_s[0] if len(at_s) else 0.0), sizes, window_s, BATCH_BYTES)
        for window_s in BUFFER_WINDOWS_S
    )
    return {
        "messages": known.height,
        "windows": [asdict(each) | _saved(each, usd_per_million) for each in windows],
        "assumed": "one producer with one buffer; the captured arrivals were sent alone",
    }


def _saved(each: Buffered, usd_per_million: float | None) -> dict[str, float | None]:
    if not each.messages:
        return {"saved_share": None, "saved_usd_per_million_messages": None}
    spared = each.requests_alone - each.requests
    return {
        "saved_share": spared / each.requests_alone,
        "saved_usd_per_million_messages": price(spared * 1e6 / each.messages, usd_per_million),
    }
