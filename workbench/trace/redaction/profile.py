"""Profiles: which rules and detectors a capture redacts with, read from a small file or named."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import UsageError
from workbench.trace.redaction.actions import Action
from workbench.trace.redaction.detectors import BY_KIND
from workbench.trace.redaction.paths import parse_steps

BUILT_IN = "detect"
ALLOWLIST = "allowlist:"
MEMBERS = ("detect", "only", "paths", "names", "detectors")


@dataclass(frozen=True, slots=True)
class Profile:
    """What is redacted, and how.

    A file of it is TOML, or JSON of the same members, each of which may be left out:

        detect = true                  # the names and detectors that come with the workbench (default)
        only = ["$.order.id"]          # all other values of payloads are dropped

        [paths]                        # JSONPaths into payloads
        "$.customer.email" = "token"
        "$..notes" = "drop"

        [names]                        # of fields, headers, attributes, variables; wherever they stand
        iban = "last4"
        password_hint = "keep"

        [detectors]                    # by kind
        ip = "keep"
        email = "mask"

    Actions are `drop`, `mask`, `last4`, `token` and `keep`.
    """

    name: str
    detect: bool = True
    only: tuple[str, ...] = ()
    paths: Mapping[str, Action] = field(default_factory=dict)
    names: Mapping[str, Action] = field(default_factory=dict)
    detectors: Mapping[str, Action] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, Action]:
        """The detectors that are asked, and what is done with what they find."""
        asked = dict.fromkeys(BY_KIND, Action.TOKEN) if self.detect else {}
        return {
            kind: action
            for kind, action in (asked | dict(self.detectors)).items()
            if action is not Action.KEEP
        }

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that are equal when two profiles redact alike."""
        rules = [
            sorted(self.kinds.items()),
            self.detect,
            sorted(self.only),
            list(self.paths.items()),
            sorted(self.names.items()),
        ]
        return hashlib.sha256(json.dumps(rules).encode()).hexdigest()[:16]


def load_profile(named: str) -> Profile:
    """The profile of that name or in that file.

    Args:
        named: `detect`, `allowlist:$.order.id,$.order.version` or a path of a TOML or JSON file.

    Raises:
        UsageError: no such profile, or one with a member or an action that there is not.

    Example:
        >>> load_profile("allowlist:$.order.id").only
        ('$.order.id',)
    """
    if named == BUILT_IN:
        return Profile(BUILT_IN)
    if named.startswith(ALLOWLIST):
        listed = tuple(
            filter(None, (each.strip() for each in named.removeprefix(ALLOWLIST).split(",")))
        )
        return _checked("allowlist", {"only": list(listed)})
    file = Path(named)
    if not file.is_file():
        raise UsageError(
            f"wanted {BUILT_IN}, {ALLOWLIST}$.path,… or a profile's file after --redact, found {named!r}"
        )
    try:
        text = file.read_text("utf-8")
        document = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"wanted a redaction profile in {file}, found {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"wanted an object in {file}, found {type(document).__name__}")
    return _checked(file.stem, document)


def _checked(name: str, document: dict[str, Any]) -> Profile:
    unknown = sorted(document.keys() - set(MEMBERS))
    if unknown:
        raise UsageError(f"wanted {', '.join(MEMBERS)} in profile {name}, found {unknown[0]!r}")
    detect, only = document.get("detect", True), document.get("only", [])
    if not isinstance(detect, bool):
        raise UsageError(f"wanted detect = true or false in profile {name}, found {detect!r}")
    if not isinstance(only, list) or not all(isinstance(path, str) for path in only):
        raise UsageError(f"wanted only = a list of JSONPaths in profile {name}, found {only!r}")
    profile = Profile(
        name,
        detect,
        tuple(only),
        *(_actions(name, member, document.get(member, {})) for member in MEMBERS[2:]),
    )
    for path in (*profile.only, *profile.paths):
        parse_steps(path)
    strange = sorted(profile.detectors.keys() - BY_KIND.keys())
    if strange:
        raise UsageError(
            f"wanted detectors of {', '.join(sorted(BY_KIND))} in profile {name}, found {strange[0]!r}"
        )
    return profile


def _actions(name: str, member: str, table: Any) -> dict[str, Action]:
    if not isinstance(table, dict):
        raise UsageError(f"wanted a table [{member}] in profile {name}, found {table!r}")
    try:
        return {str(what): Action(action) for what, action in table.items()}
    except ValueError as error:
        raise UsageError(
            f"wanted one of {', '.join(Action)} in [{member}] of profile {name}, found {error}"
        ) from error
