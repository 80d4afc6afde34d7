"""Exchanging live segments: all at once, or not at all."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.factories import T0, kinesis_record, write_trace
from workbench.trace.catalog import Catalog
from workbench.trace.exchange import Exchange, OvertakenError, exchange_segments
from workbench.trace.segments import Segment, publish, records_table
from workbench.trace.verify import verify


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    write_trace(tmp_path / "t.trace", [kinesis_record(1)]).close()
    opened = Catalog.open(tmp_path / "t.trace", write=True)
    yield opened
    opened.close()


def live(catalog: Catalog) -> list[tuple[str, str]]:
    return catalog.rows("select path, capture_id from segments where removed_in is null")


def exchange(catalog: Catalog, changed: Sequence[Exchange]) -> None:
    with catalog.transaction() as connection:
        exchange_segments(connection, catalog.folder, changed, catalog.generation() + 1, T0)


def written(catalog: Catalog) -> Segment:
    return publish(catalog.folder, "records", records_table([kinesis_record(1)], "c"), merged=True)


def test_new_segments_take_the_place_of_old_ones(catalog: Catalog) -> None:
    [(path, capture_id)] = live(catalog)
    new = written(catalog), written(catalog)

    exchange(catalog, [Exchange(path, capture_id, new)])

    assert live(catalog) == [(segment.path, capture_id) for segment in new]
    assert catalog.one("select removed_at from segments where path = ?", (path,))
    assert verify(catalog.folder).retired == 1


def test_who_comes_second_changes_nothing(catalog: Catalog) -> None:
    [(path, capture_id)] = live(catalog)
    exchange(catalog, [Exchange(path, capture_id, (first := written(catalog),))])

    with pytest.raises(OvertakenError, match="start again"):
        exchange(catalog, [Exchange(path, capture_id, (written(catalog),))])

    assert live(catalog) == [(first.path, capture_id)]


def test_a_new_file_that_was_cleared_away_is_not_named(catalog: Catalog) -> None:
    [(path, capture_id)] = live(catalog)
    gone = written(catalog)
    (catalog.folder / gone.path).unlink()

    with pytest.raises(OvertakenError):
        exchange(catalog, [Exchange(path, capture_id, (gone,))])

    assert live(catalog) == [(path, capture_id)]
