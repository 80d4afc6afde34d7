"""What `capture --around` does before and after it reads: say what is still there, open what can be, sum up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.errors import ConnectorError
from workbench.cli.account import mode_of
from workbench.cli.opening import Asked, refuse_twice
from workbench.cli.terminal import print_table, say
from workbench.errors import UsageError, WorkbenchError

if TYPE_CHECKING:
    from connectors import Access, Available, Connector
    from workbench.trace.incident import Window


@dataclass(frozen=True, slots=True)
class Offer:
    """What one source still has of the window."""

    source: str
    """As typed."""
    available: "Available | None" = None
    gone_until_at: datetime | None = None
    """Up to here nothing of the window is left; None: all of it is."""
    error: str | None = None
    """Why it cannot be captured; the others are."""

    def document(self, window: "Window") -> dict[str, Any]:
        """As `capture --json` prints it; instants of a source that keeps its records for ever are null."""
        there = self.available
        return {
            "source": self.source,
            "source_arn": there and there.source_arn,
            "kept_from_at": there and there.kept_from_at,
            "gone_until_at": self.gone_until_at,
            "complete_until_at": there and there.lost_at(window.from_at),
            "anything_until_at": there and there.lost_at(window.to_at),
            "kept_for_ever": there and there.lost_after is None,
            "note": there.note if there else "",
            "error": self.error,
        }


def window_of(
    around: str | None, half: str | None, now: datetime, others: dict[str, Any]
) -> "Window | None":
    """The window that was asked for; None: none was.

    Raises:
        UsageError: it cannot be read, or something else says as well what is to be captured.
    """
    from workbench.trace.incident import window_around
    from workbench.trace.instants import parse_age, parse_since

    if around is None:
        if half is not None:
            raise UsageError("wanted --around INSTANT with --window, found none; add it")
        return None
    beside = [name for name, value in others.items() if value]
    if beside:
        raise UsageError(
            f"wanted --around alone, found {', '.join(beside)} beside it; the window says both ends, leave them out"
        )
    return window_around(parse_since(around, now), parse_age(half or "30m"))


def offers_of(asked: Asked, access: "Access", window: "Window", now: datetime) -> list[Offer]:
    """What each source still has of the window, asked with describe calls alone.

    Raises:
        ConnectorError: a name that is none; nothing was asked then.
    """
    from connectors import parse_source

    for source in asked.sources:
        parse_source(source)
        mode_of(source, asked.mode)
    return [_offer(source, asked, access, window, now) for source in dict.fromkeys(asked.sources)]


def say_offers(offers: Sequence[Offer], window: "Window", now: datetime) -> None:
    """A table on standard error, and a warning for what is gone already or cannot be captured."""
    columns = ["source", "still there", "whole window until", "its end until", "what to know"]
    print_table(
        columns,
        (_row(offer, window, now) for offer in offers),
        f"window {window.from_at:%Y-%m-%dT%H:%M:%SZ} to {window.to_at:%Y-%m-%dT%H:%M:%SZ}",
        to_stderr=True,
    )
    for offer in offers:
        if offer.error is not None:
            _say_left_out(offer)
        elif offer.gone_until_at is not None:
            say(
                f"workbench: {offer.source} has nothing left before {offer.gone_until_at:%Y-%m-%dT%H:%M:%SZ}; "
                "that part of the window becomes a hole"
            )


def open_offers(
    offers: Sequence[Offer], asked: Asked, access: "Access", window: "Window", now: datetime
) -> "tuple[list[Connector], list[Offer]]":
    """Connectors of all that can be captured, and the offers with what was found out in opening them.

    One source that cannot be read keeps nobody from saving the others while they are still there.

    Raises:
        WorkbenchError: none of them can be captured.
        UsageError: two names of one source.
    """
    opened: list[Connector] = []
    found: list[Offer] = []
    try:
        for offer in offers:
            try:
                opened += [] if offer.error else [_opened(offer, asked, access, window, now)]
                refuse_twice(opened)
                found.append(offer)
            except ConnectorError as error:
                found.append(replace(offer, error=str(error)))
                _say_left_out(found[-1])
        if not opened:
            reasons = "; ".join(f"{offer.source}: {offer.error}" for offer in found)
            raise WorkbenchError(f"wanted a source that can be captured, found none: {reasons}")
    except BaseException:
        for connector in opened:
            connector.close()
        raise
    return opened, found


def manifest(
    document: dict[str, Any], coverage: dict[str, Any], offers: Sequence[Offer], window: "Window"
) -> dict[str, Any]:
    """The capture's document with its window, what was available, and each source's holes by cause and seal."""
    unknown: dict[str, Any] = {"holes_by_cause": {}, "sealed_until_at": None}
    sources = [
        source | coverage.get(source["source_arn"], unknown) for source in document["sources"]
    ]
    there = {source["source_arn"] for source in sources}
    for offer in offers:
        arn = offer.available.source_arn if offer.available else offer.source
        if offer.error is not None and arn not in there:
            sources.append(
                {"source_arn": arn, "records": 0, "holes": 0, "error": offer.error} | unknown
            )
    whole = all(source["error"] is None and not source["holes_by_cause"] for source in sources)
    return document | {
        "complete": document["complete"] and whole,
        "window": {"from_at": window.from_at, "to_at": window.to_at},
        "available": [offer.document(window) for offer in offers],
        "sources": sources,
    }


def _offer(source: str, asked: Asked, access: "Access", window: "Window", now: datetime) -> Offer:
    from connectors import default_mode, parse_source, still_available
    from workbench.trace.incident import gone_until

    name, mode = parse_source(source), mode_of(source, asked.mode)
    try:
        there = still_available(name, access, now, mode=mode)
    except ConnectorError as error:
        return Offer(source, error=str(error))
    gone = gone_until(there, window, now)
    try:
        if mode is None:
            default_mode(name.service)
    except ConnectorError as error:
        return Offer(source, there, gone, str(error))
    return Offer(source, there, gone)


def _opened(
    offer: Offer, asked: Asked, access: "Access", window: "Window", now: datetime
) -> "Connector":
    from connectors import Service
    from workbench.trace.incident import nothing_left, with_hole

    there = offer.available
    if there is not None and there.service == Service.SNS and window.to_at <= now:
        return nothing_left(there, window)  # a tap would change the topic for nothing
    connector = asked.open_one(offer.source, access)
    gone_until_at = offer.gone_until_at
    return connector if gone_until_at is None else with_hole(connector, gone_until_at, window)


def _say_left_out(offer: Offer) -> None:
    say(f"workbench: {offer.source} is left out, the others go on: {offer.error}")


def _row(offer: Offer, window: "Window", now: datetime) -> list[str]:
    there = offer.available
    if there is None:
        return [offer.source, "?", "?", "?", ""]
    kept = "nothing" if there.kept_from_at is None else f"from {_minute(there.kept_from_at)}"
    whole, end = there.lost_at(window.from_at), there.lost_at(window.to_at)
    return [offer.source, kept, _until(whole, now), _until(end, now), there.note]


def _until(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "no limit"
    return _minute(at) if at > now else "too late"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"
