"""Rows as a trace has them, out of Lambda events that are imported."""

import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.files import read_files

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def imported(event: Any, source_arn: str | None = None) -> list[dict[str, Any]]:
    """The rows of one event, which must be taken whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "event.json")
        path.write_text(json.dumps(event), "utf-8")
        return imported_file(path, source_arn)


def imported_file(path: Path, source_arn: str | None = None) -> list[dict[str, Any]]:
    """The rows of a file that holds one event, which must be taken whole."""
    parts = list(read_files([path], source_arn=source_arn, partition_id=None, now=lambda: NOW))
    assert [skip.reason for part in parts for skip in part.skipped] == []
    return [asdict(record) for part in parts for record in part.records]
