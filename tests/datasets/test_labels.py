"""Labels and findings are compared by kind, source and key, and a label survives its file."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from datasets.labels import Label, agreement, read_labels, write_labels

GAP = Label("sequence_gap", "arn:s", "order-1", "never sent", fields={"missing": [2]})
ALLOWED = Label("redelivery", "arn:s", "m-1", "follows", wanted=False)
EITHER = Label("inversion", "arn:s", "order-2", "swapped", (("inversion", "arn:s", "customer-2"),))
KINDS = ("sequence_gap", "redelivery", "inversion")


def test_what_was_planted_and_found_agrees() -> None:
    found = {
        ("sequence_gap", "arn:s", "order-1"): [{"missing": [2]}],
        ("inversion", "arn:s", "customer-2"): [{}],
    }
    agreed = agreement([GAP, ALLOWED, EITHER], found, KINDS)

    assert (agreed.met, agreed.missed, agreed.unplanted, agreed.untrue) == (
        (GAP, EITHER),
        (),
        (),
        (),
    )
    assert (agreed.precision, agreed.recall) == (1.0, 1.0)


def test_what_is_missed_found_without_cause_or_told_wrongly_is_said() -> None:
    found = {
        ("sequence_gap", "arn:s", "order-1"): [{"missing": [3]}],
        ("redelivery", "arn:s", "m-2"): [{}],
    }
    agreed = agreement([GAP, ALLOWED, EITHER], found, KINDS)

    assert agreed.missed == (EITHER,)
    assert agreed.unplanted == (("redelivery", "arn:s", "m-2"),)
    assert agreed.untrue == ((GAP, {"missing": [3]}),)
    assert (agreed.precision, agreed.recall) == (0.5, 0.5)
    assert agreed.of("inversion").recall == 0.0


def test_one_true_instance_of_a_key_is_enough() -> None:
    found = {("sequence_gap", "arn:s", "order-1"): [{"missing": [3]}, {"missing": [2]}]}

    assert agreement([GAP], found, KINDS).untrue == ()


def test_a_kind_that_is_not_looked_for_counts_neither_way() -> None:
    overlapping = Label("overlapping_redelivery", "arn:s", "m-3", "took too long")
    found = {("redelivery", "arn:s", "m-3"): [{}]}

    agreed = agreement([overlapping], found, KINDS)
    assert (agreed.missed, agreed.unplanted) == ((), ())
    agreed = agreement([overlapping], found, [*KINDS, "overlapping_redelivery"])
    assert (len(agreed.missed), len(agreed.unplanted)) == (1, 1)


NAMES = st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "b"]), st.text(max_size=3))


@given(st.lists(NAMES, unique=True))
def test_labels_that_are_all_found_agree_wholly(names: list[tuple[str, str, str]]) -> None:
    agreed = agreement([Label(*name, "planted") for name in names], {n: [{}] for n in names}, KINDS)

    assert (agreed.precision, agreed.recall, agreed.missed, agreed.unplanted) == (1.0, 1.0, (), ())


def test_labels_survive_their_file(tmp_path: Path) -> None:
    labels = (GAP, ALLOWED, EITHER)
    write_labels(labels, tmp_path / "l.json")

    assert read_labels(tmp_path / "l.json") == labels
