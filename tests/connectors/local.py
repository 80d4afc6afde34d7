"""What the tests against a local AWS share: names nobody else uses, and the way in."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from connectors import Access, Checkpoint, Connector, Mode, Page, Partition
from workbench.local_aws import LocalAws


def now() -> datetime:
    """The instant."""
    return datetime.now(UTC)


def unique(name: str) -> str:
    """A name that no other test of the run uses."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


def access_to(aws: LocalAws) -> Access:
    """Everything agreed to."""
    return Access(endpoint_url=aws.endpoint_url, modes=frozenset(Mode))


def until_tip(
    connector: Connector, partition: Partition, after: Checkpoint | None = None
) -> list[Page]:
    """Pages up to the first that says that there is no more."""
    pages: list[Page] = []
    reader = connector.read(partition, after)
    for page in reader:
        pages.append(page)
        if page.millis_behind_latest == 0:
            break
    _close(reader)
    return pages


def bodies(pages: list[Page]) -> list[bytes]:
    """Every payload, in order."""
    return [record.body for page in pages for record in page.records]


def _close(reader: Iterator[Page]) -> None:
    closing: Any = reader
    closing.close()


def epoch_ms() -> int:
    """The instant in milliseconds."""
    return int(time.time() * 1000)
