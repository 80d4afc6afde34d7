"""Edits never overlap, and what nobody edits stays as it is."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.trace.redaction.edits import Edits

STRETCHES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from(["*", None]))
)


@given(st.text(alphabet="abc", min_size=30, max_size=30), STRETCHES)
def test_the_first_to_settle_a_stretch_has_it(
    text: str, stretches: list[tuple[int, int, str | None]]
) -> None:
    edits, owner = Edits(text), [None] * 30
    for number, (start, end, replacement) in enumerate(stretches):
        if start >= end or end > 30:
            continue
        edits.settle(start, end, replacement)
        if not any(owner[start:end]):
            owner[start:end] = [(number, replacement)] * (end - start)  # type: ignore[list-item]

    wanted, last = "", None
    for character, owned in zip(text, owner, strict=True):
        if owned is None or owned[1] is None:
            wanted += character
        elif owned != last:
            wanted += str(owned[1])
        last = owned

    assert edits.applied() == wanted
    free = {at for start, end in edits.gaps() for at in range(start, end)}
    assert free == {at for at, owned in enumerate(owner) if owned is None}


def test_without_edits_the_text_is_the_same_object() -> None:
    text = "nothing here"

    assert Edits(text).applied() is text
