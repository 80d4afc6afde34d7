"""What to do about a hole, by its cause."""

from collections.abc import Mapping
from types import MappingProxyType

from connectors.record import Cause

_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        Cause.TRIMMED: "the service had dropped it: capture sooner, or raise the source's retention",
        Cause.LATEST_START: "it lies before where reading began: capture again with an earlier --since, "
        "if it is still kept",
        Cause.THROTTLED_SKIP: "the service kept refusing: start the same capture again, with fewer readers beside it",
        Cause.LATE: "it came after its time had been read: capture that time again",
        Cause.UNREADABLE: "put right what the error says, then start the same capture again",
        Cause.SAMPLED: "the service gave only a part: read the source itself, not a sample of it",
        Cause.FILTERED: "it was left out as asked",
        Cause.CORRUPT_PAGE: "the answers were damaged: start the same capture again",
        Cause.INTERRUPTED: "start the same capture again: it goes on from there",
        Cause.LOGS_DROPPED: "Lambda dropped lines before they reached the log: have the function log less at a time",
        Cause.GONE: "the source was deleted, disabled or made anew: nothing brings it back",
    }
)


def advice(cause: str | None) -> str:
    """What a person can do about a hole of this cause.

    Example:
        >>> advice("filtered")
        'it was left out as asked'
    """
    return _ADVICE.get(cause or "", "start the same capture again")
