"""What a preflight found, as a person reads it."""

from typing import TYPE_CHECKING

from workbench.cli.terminal import print_table
from workbench.trace.instants import instant_text

if TYPE_CHECKING:
    from connectors.access.preflight import Load, Preflight
    from connectors.horizon import Available


def show_preflight(source: str, found: "Preflight") -> None:
    """One table a source: what is there, what is missing, who else reads, what it takes, what to mind."""
    rows = [["kept", *_kept(found.available)]]
    rows += [
        ["right", right.action, f"{right.grant} {right.why}".strip()] for right in found.rights
    ]
    rows += [["reader", reader.name, reader.kind] for reader in found.readers]
    rows += [["load", f"{load.what} a {load.per}", _taken(load)] for load in found.loads]
    rows += [["mind", "", warning] for warning in found.warnings]
    state = "ready" if found.ready else "not ready"
    print_table(["", "what", "found"], rows, title=f"{source} ({found.mode}): {state}")


def _kept(available: "Available | None") -> list[str]:
    if available is None:
        return ["", "not known: it may not be described"]
    since = f"since {instant_text(available.kept_from_at)}" if available.kept_from_at else "nothing"
    lost = f"lost {available.lost_after} after it came" if available.lost_after else ""
    return [since, "; ".join(filter(None, (lost, available.note)))]


def _taken(load: "Load") -> str:
    if load.quota is None:
        return f"at most {load.takes:,g}"
    return f"at most {load.takes:,g} of {load.quota:,g} ({load.takes / load.quota:.0%})"
