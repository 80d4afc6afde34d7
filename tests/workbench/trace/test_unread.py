"""What an ending leaves unread, partition by partition."""

from connectors.record import Cause, Partition
from tests.factories import instant
from workbench.trace.unread import Asked, unread

ASKED = Asked(instant(0), instant(100))
SHARDS = (Partition("parent"), Partition("child", ("parent",)), Partition("other"))


def holes(read_to: dict[str, float | None], ended: tuple[str, ...] = ()) -> dict[str, float]:
    """Where the hole of each partition begins; all end where what was asked for ends."""
    told = {id_: None if at is None else instant(at) for id_, at in read_to.items()}
    found = dict(unread(ASKED, Cause.INTERRUPTED, told, SHARDS, ended))
    assert all(span.to_at == instant(100) for span in found.values())
    return {id_: (span.from_at - instant(0)).total_seconds() for id_, span in found.items()}


def test_a_partition_that_was_begun_is_unread_from_where_it_stands() -> None:
    assert holes({"other": 30}, ended=("parent", "child")) == {"other": 30}


def test_a_partition_that_was_begun_and_proved_nothing_is_unread_from_the_start() -> None:
    assert holes({"other": None}, ended=("parent", "child")) == {"other": 0}


def test_a_child_that_waits_is_unread_from_where_its_parents_stand() -> None:
    assert holes({"parent": 40}, ended=("other",)) == {"parent": 40, "child": 40}


def test_what_ended_and_what_was_read_to_the_end_leaves_nothing() -> None:
    assert holes({"parent": 50, "other": 100}, ended=("parent", "child")) == {}
