"""In what condition a trace is, in sentences: what a person should know before believing a number from it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.trace.sources import source_name

EMPTY = "Empty: no record is in it yet; `workbench capture` and `workbench import` put records in."
GOES_ON = (
    "Being captured: a capture is at work, or was killed at it; this is what was there when the trace was opened,"
    " `trace.refresh()` moves on."
)
CUT_SHORT = {
    "failed": "The last capture failed; started again, it goes on where it ended.",
    "interrupted": "The last capture was interrupted; started again, it goes on where it ended.",
}


def condition(info: Mapping[str, Any]) -> tuple[str, ...]:
    """What a person should know of the trace first; nothing where it is whole and nobody writes to it.

    Args:
        info: what `Trace.info` returns.

    Example:
        >>> condition({"records": 0, "sources": [], "captures": []})[0][:6]
        'Empty:'
    """
    return tuple(_told(info))


def facts_of(info: Mapping[str, Any]) -> dict[str, Any]:
    """The same document in at most ten facts."""
    sources = info["sources"]
    instants = sorted(
        each[at] for each in sources for at in ("first_at", "last_at") if each[at] is not None
    )
    results = {name: count for name, count in info["results"].items() if count}
    return {
        "trace": info["trace"],
        "records": info["records"],
        "sources": [source_name(each["source_arn"]) for each in sources],
        "from": instants[0] if instants else None,
        "to": instants[-1] if instants else None,
        "payload bytes": sum(each["body_bytes"] for each in sources),
        "coverage": Counter(each["coverage"] for each in sources),
        "holes": sum(each["holes"] for each in sources),
        "results": results,
        "business fields": info["settings"],
    }


def _told(info: Mapping[str, Any]) -> Iterator[str]:
    captures = info["captures"]
    if not info["records"]:
        yield EMPTY
    if any(each["state"] == "running" for each in captures):
        yield GOES_ON
    elif captures and (said := CUT_SHORT.get(captures[-1]["state"])):
        yield said
    if holed := [source_name(each["source_arn"]) for each in info["sources"] if each["holes"]]:
        yield (
            f"Incomplete: {', '.join(holed)} {'has' if len(holed) == 1 else 'have'} stretches that were not read;"
            " `trace.coverage()` says which, and why."
        )
