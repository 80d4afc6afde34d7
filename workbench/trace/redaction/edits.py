"""Edits of one text: which stretches are replaced and which are settled, everything else staying as it is."""

from bisect import bisect_right
from collections.abc import Iterator


class Edits:
    """The edits of a text; stretches never overlap.

    Example:
        >>> edits = Edits("a secret here")
        >>> edits.settle(2, 8, "****")
        >>> edits.applied()
        'a **** here'
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] = []
        self._stretches: list[tuple[int, int, str | None]] = []

    def settle(self, start: int, end: int, replacement: str | None) -> None:
        """Replace a stretch, or with None keep it from all later looks; one that touches a settled one is left out."""
        at = bisect_right(self._starts, start)
        before = self._stretches[at - 1][1] if at else 0
        after = self._starts[at] if at < len(self._starts) else len(self.text)
        if start >= before and end <= after:
            self._starts.insert(at, start)
            self._stretches.insert(at, (start, end, replacement))

    def gaps(self) -> Iterator[tuple[int, int]]:
        """The stretches that nobody has settled yet, as they are when this is called."""
        at = 0
        for start, end, _ in list(self._stretches):
            if start > at:
                yield at, start
            at = end
        if at < len(self.text):
            yield at, len(self.text)

    def applied(self) -> str:
        """The text with the replacements in it."""
        pieces, at = [], 0
        for start, end, replacement in self._stretches:
            if replacement is not None:
                pieces += [self.text[at:start], replacement]
                at = end
        return "".join([*pieces, self.text[at:]]) if pieces else self.text
