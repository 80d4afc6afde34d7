"""A connector whose configuration answers and errors are redacted; its pages are, right before they are stored."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.record import Checkpoint, Connector, Page, Partition, Resource
from workbench.errors import WorkbenchError
from workbench.trace.redaction.redactor import Redactor


class RedactedConnector:
    """Reads as the connector does; what it says besides records passes the redactor.

    Args:
        connector: the one that reads.
        redactor: what redacts.
    """

    def __init__(self, connector: Connector, redactor: Redactor) -> None:
        self._connector, self._redactor = connector, redactor

    @property
    def source_arn(self) -> str:
        """The source's identity."""
        return self._connector.source_arn

    @property
    def service(self) -> str:
        """AWS's eventSource."""
        return self._connector.service

    def partitions(self) -> Sequence[Partition]:
        """As the connector's."""
        with self._redacted_errors():
            return self._connector.partitions()

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """The connector's pages, as they are."""
        with self._redacted_errors():
            yield from self._connector.read(partition, after)

    def resources(self) -> Sequence[Resource]:
        """The connector's configuration snapshots, redacted."""
        with self._redacted_errors():
            return self._redactor.resources(self._connector.resources())

    def close(self) -> None:
        """As the connector's."""
        with self._redacted_errors():
            self._connector.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    @contextmanager
    def _redacted_errors(self) -> Iterator[None]:
        """An error keeps its class and loses what it quotes."""
        try:
            yield
        except Exception as error:
            said = self._redactor.text(str(error))
            error.args = (said,)
            if said not in str(error):  # a class that says its own
                raise WorkbenchError(f"{type(error).__name__}: {said}") from None
            raise
