"""From what was typed to connectors that are ready to be read, and how fast each may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workbench.cli.account import mode_of
from workbench.errors import UsageError

if TYPE_CHECKING:
    from connectors import Access, Budgets, Connector


@dataclass(frozen=True, slots=True)
class Asked:
    """The sources that were asked for, and how each is to be read."""

    sources: Sequence[str]
    mode: str | None
    since: datetime | None = None
    until: datetime | None = None
    force: bool = False
    kcl_application: str | None = None
    from_tip: bool = False
    """`since` is now: a tap, which takes a moment to be made, leaves no hole before it."""

    def open(self, access: "Access") -> "list[Connector]":
        """All connectors or none: a name that is wrong is said before anything is read.

        Raises:
            ConnectorError: a source is not there, may not be asked about, or needs a mode.
            UsageError: no such mode, or two names of one source.
        """
        opened: list[Connector] = []
        try:
            for source in dict.fromkeys(self.sources):
                opened.append(self.open_one(source, access))
                refuse_twice(opened)
        except BaseException:
            for connector in opened:
                connector.close()
            raise
        return opened

    def open_one(self, source: str, access: "Access") -> "Connector":
        """The connector of one of the sources.

        Raises:
            ConnectorError: it is not there, may not be asked about, or needs a mode.
            UsageError: no such mode.
        """
        from connectors import Service, open_connector, parse_source

        service = parse_source(source).service
        return open_connector(
            source,
            access,
            now=clock,
            mode=mode_of(source, self.mode),
            since=None if self.from_tip and service == Service.SNS else self.since,
            until=self.until,
            lease_table=self.kcl_application
            if service in (Service.KINESIS, Service.DYNAMODB)
            else None,
            force=self.force,
        )


def refuse_twice(opened: "Sequence[Connector]") -> None:
    """Refuse the last connector where it reads what another one reads: its records would be stored twice.

    Raises:
        UsageError: it does.
    """
    arns = [connector.source_arn for connector in opened]
    if arns and arns[-1] in arns[:-1]:
        raise UsageError(
            f"wanted each source once, found {arns[-1]} under two names; leave one out"
        )


def budgets_of(access: "Access") -> "Budgets":
    """How often and for how much a capture may ask; a local server is nobody's production."""
    from connectors import Budgets, is_loopback

    return Budgets(local=is_loopback(access.endpoint_url))


def clock() -> datetime:
    """The instant, UTC."""
    return datetime.now(UTC)
