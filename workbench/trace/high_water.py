"""How many changes the catalog has made durable, told by a file of its own.

SQLite takes a damaged write-ahead log for one that ends earlier, and says nothing. So the number of the last change
also stands here; it is written after the change and not flushed: never too high, and a killed process loses none.
"""

import os
from contextlib import suppress
from pathlib import Path

FILE_NAME = "high-water"


class HighWater:
    """The mark of one trace, open for writing; of a fixed size, so that a full disk cannot refuse it."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(folder / FILE_NAME, flags, 0o600)

    def raise_to(self, changes: int) -> None:
        """Note that so many changes are durable; a mark that cannot be written is only lower than it could be."""
        with suppress(OSError):
            os.pwrite(self._descriptor, b"%020d\n" % changes, 0)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._descriptor)


def high_water(folder: Path) -> int:
    """How many changes were durable at least; 0 where no mark is there.

    Example:
        >>> high_water(Path("no.trace"))
        0
    """
    try:
        return int((folder / FILE_NAME).read_bytes())
    except (OSError, ValueError):
        return 0
