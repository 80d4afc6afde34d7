"""What a trace says of how its captures were redacted, so that two ways in one trace are seen."""

import json
from pathlib import Path

from workbench.trace.catalog import FILE_NAME, Catalog


def change_of_redaction(folder: Path, described: str | None) -> str | None:
    """One line when the trace's last capture or import redacted otherwise; None when it did not, or there was none."""
    if not (folder / FILE_NAME).is_file():
        return None
    catalog = Catalog.open(folder)
    try:
        if not catalog.has("audit"):
            return None
        before = catalog.rows(
            "select redaction from captures where kind <> 'replay' order by started_at desc, rowid desc limit 1"
        )
    finally:
        catalog.close()
    if not before or before[0][0] == described:
        return None
    return (
        f"{folder} was last filled with {_said(before[0][0])}, now with {_said(described)}: "
        "equal values of the two do not compare"
    )


def _said(described: str | None) -> str:
    if described is None:
        return "payloads as received"
    known = json.loads(described)
    return f"profile {known['profile']} ({known['rules']}) under key {known['key']}"
