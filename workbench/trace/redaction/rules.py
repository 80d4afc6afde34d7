"""A profile made ready: its names, paths and detectors with the key that makes its tokens."""

from dataclasses import dataclass
from functools import cached_property

from workbench.trace.redaction.actions import Action, as_text
from workbench.trace.redaction.detectors import Detection, shape_of
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.names import Names
from workbench.trace.redaction.paths import Paths
from workbench.trace.redaction.profile import Profile


@dataclass(frozen=True)
class Rules:
    """What matches, and what is done with it."""

    profile: Profile
    key: Key

    @cached_property
    def names(self) -> Names:
        """Secret names of members, headers, variables."""
        return Names(self.profile.detect, self.profile.names)

    @cached_property
    def names_in_text(self) -> Names:
        """The same for text that is no JSON, where a path can only be told by the name it ends in."""
        return Names(self.profile.detect, {**self.paths.last_names, **self.profile.names})

    @cached_property
    def paths(self) -> Paths:
        """Places in payloads."""
        return Paths(self.profile.paths)

    @cached_property
    def only(self) -> Paths:
        """The only places in payloads that are kept; none: all are."""
        return Paths(dict.fromkeys(self.profile.only, Action.KEEP))

    @cached_property
    def kinds(self) -> dict[str, Action]:
        """Detectors and what is done with what they find."""
        return self.profile.kinds

    @cached_property
    def detection(self) -> Detection:
        """The detectors."""
        return Detection(self.kinds)

    @cached_property
    def has_own(self) -> bool:
        """Whether a document must be taken apart although nothing in it looks secret."""
        return bool(self.paths or self.only or self.profile.names)

    def stands_for(self, value: str, action: Action) -> str:
        """What stands for a value that a rule matched: as if a detector had found it, where one would have."""
        kinds = self.detection.kinds_in(value, shape_of(value))
        found = next(self.detection.values_in(value, kinds, 0, len(value)), None) if kinds else None
        if found is not None and (found.start, found.end) == (0, len(value)):
            return as_text(action, found.kind, found.canonical, self.key)
        return as_text(action, "value", value, self.key)
