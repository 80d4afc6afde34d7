"""Labels: what was planted, named as a finding names it, and how findings agree with it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Name = tuple[str, str, str]
"""Kind, ARN of the source, key: what tells one instance from the next."""
Found = Mapping[Name, Sequence[Mapping[str, Any]]]
"""Instances by name; a key may have several."""


@dataclass(frozen=True, slots=True)
class Label:
    """One planted fault."""

    kind: str
    source: str
    """ARN of the source that its finding is of."""
    key: str
    what: str
    """What was done, for a person."""
    alike: tuple[Name, ...] = ()
    """Other names that are as right, where the words leave a choice: a business key instead of a content's hash."""
    wanted: bool = True
    """False: follows from another fault; true where it is told, and no loss where it is not."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the finding's own fields must say; not all of them."""

    @property
    def names(self) -> frozenset[Name]:
        """All names under which a finding may tell of it."""
        return frozenset([(self.kind, self.source, self.key), *self.alike])


@dataclass(frozen=True, slots=True)
class Agreement:
    """How findings and labels agree."""

    met: tuple[Label, ...]
    missed: tuple[Label, ...]
    unplanted: tuple[Name, ...]
    """Found, and no label's name."""
    untrue: tuple[tuple[Label, Mapping[str, Any]], ...] = ()
    """Met by an instance whose own fields say something else: with what they say."""

    def of(self, kind: str) -> "Agreement":
        """The same of one kind."""
        return Agreement(
            tuple(label for label in self.met if label.kind == kind),
            tuple(label for label in self.missed if label.kind == kind),
            tuple(name for name in self.unplanted if name[0] == kind),
            tuple(each for each in self.untrue if each[0].kind == kind),
        )

    @property
    def precision(self) -> float:
        """Part of what was found that was planted; 1 where nothing was found."""
        found = len(self.met) + len(self.unplanted)
        return len(self.met) / found if found else 1.0

    @property
    def recall(self) -> float:
        """Part of what was planted that was found; 1 where nothing was planted."""
        wanted = [label for label in (*self.met, *self.missed) if label.wanted]
        return sum(label.wanted for label in self.met) / len(wanted) if wanted else 1.0


def agreement(labels: Sequence[Label], found: Found, kinds: Iterable[str]) -> Agreement:
    """Compare what was planted with what was found.

    Args:
        labels: what was planted.
        found: instances by their names.
        kinds: kinds that were looked for. Labels of others are left out, and what is told of their instances under
            another kind instead, as it would not be if they were looked for, counts neither way.

    Example:
        >>> label = Label("sequence_gap", "arn:…", "order-1", "version 2 was never sent")
        >>> found = {("sequence_gap", "arn:…", "order-1"): [{}]}
        >>> agreement([label], found, ["sequence_gap"]).recall
        1.0
    """
    looked_for = set(kinds)
    told = [label for label in labels if {kind for kind, _, _ in label.names} & looked_for]
    met = tuple(label for label in told if label.names & found.keys())
    missed = tuple(
        label
        for label in told
        if label.wanted and label.kind in looked_for and not label.names & found.keys()
    )
    planted = {name for label in told for name in label.names}
    elsewhere = {label.key for label in labels if label.kind not in looked_for}
    unplanted = {name for name in found.keys() - planted if name[2] not in elsewhere}
    untrue = tuple(
        (label, said)
        for label in met
        if not any(_is_true(label, instance) for instance in _instances(label, found))
        for said in _instances(label, found)
    )
    return Agreement(met, missed, tuple(sorted(unplanted)), untrue)


def _instances(label: Label, found: Found) -> Iterator[Mapping[str, Any]]:
    for name in sorted(label.names & found.keys()):
        if name[0] == label.kind:
            yield from found[name]


def _is_true(label: Label, instance: Mapping[str, Any]) -> bool:
    return all(instance.get(name) == value for name, value in label.fields.items())


def write_labels(labels: Sequence[Label], path: Path) -> None:
    """One JSON object a label, in the order given."""
    path.write_text(json.dumps([_told(label) for label in labels], indent=1) + "\n", "utf-8")


def read_labels(path: Path) -> tuple[Label, ...]:
    """The labels of a file that `write_labels` wrote."""
    told = json.loads(path.read_text("utf-8"))
    return tuple(
        Label(**{**each, "alike": tuple(tuple(name) for name in each.get("alike", ()))})
        for each in told
    )


def _told(label: Label) -> dict[str, object]:
    document = asdict(label)
    if not label.alike:
        del document["alike"]
    if label.wanted:
        del document["wanted"]
    if not label.fields:
        del document["fields"]
    return document
