"""Bits that flip and files that are cut, anywhere in a trace: found by `verify`, or without any effect."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from connectors.record import PeekEffect, Resource, Span
from tests.factories import QUEUE, STREAM, clock, instant, kinesis_record, page, sqs_message
from workbench.errors import WorkbenchError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.schema import CATALOG_RELATIONS
from workbench.trace.verify import verify

Damage = Callable[[bytes, random.Random], bytes]
RELATIONS = ("records", *CATALOG_RELATIONS, "trace", "captures", "checkpoints", "settings")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of several commits, its last capture killed, so that a write-ahead log is there too."""
    living, killed = (tmp_path_factory.mktemp("rot") / name for name in ("living", "t.trace"))
    write(living, first=1)
    writer = write(living, first=100, close=False)
    shutil.copytree(living, killed)
    writer.close()
    assert (killed / "catalog.sqlite-wal").stat().st_size > 10_000
    (killed / "catalog.sqlite-shm").unlink()  # rebuilt by whoever opens
    return killed


def write(folder: Path, first: int, *, close: bool = True) -> TraceWriter:
    writer = TraceWriter(folder, "capture", ["kinesis:orders", "sqs:dlq"], clock)
    writer.hold(STREAM)
    for number in range(first, first + 6):
        spans = [
            Span(instant(number), instant(number + 1)),
            Span(instant(0), instant(1), "trimmed"),
        ]
        records = [kinesis_record(number * 10 + n, seconds=number) for n in range(3)]
        writer.append_pages([(STREAM, page(*records, position=f"after {number}", spans=spans))])
    message = sqs_message(first)
    seen = PeekEffect(message.record_id, instant(first), 2, 3, instant(first + 30))
    writer.append_pages(
        [(QUEUE, page(message, shard="", position=str(first), peek_effects=(seen,)))]
    )
    writer.append_resources([Resource(STREAM, "list-shards", instant(9), '{"Shards":[]}')])
    writer.catalog.remember(key="$.order")
    if close:
        writer.close()
    return writer


def flip(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return (
        content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
    )


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def zero_the_end(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + bytes(len(content) - start)


def add_garbage(content: bytes, chance: random.Random) -> bytes:
    return content + chance.randbytes(chance.randrange(1, 5_000))


def files(trace: Path) -> Iterator[str]:
    yield from sorted(str(f.relative_to(trace)) for f in trace.rglob("*") if f.is_file())


def read(trace: Path) -> dict[str, pl.DataFrame]:
    with open_trace(trace) as opened:
        return {
            name: opened.sql(f"from {name}").sort(pl.all())
            if name != "resources"
            else opened.sql(f"from {name}")
            for name in RELATIONS
        }


def fate(trace: Path, before: dict[str, pl.DataFrame]) -> str:
    """`found`, `harmless` or `missed`."""
    try:
        if verify(trace).problems:
            return "found"
        after = read(trace)
    except WorkbenchError:
        return "found"
    return "harmless" if all(after[n].equals(before[n]) for n in RELATIONS) else "missed"


@pytest.mark.parametrize("damage", [flip, cut, zero_the_end, add_garbage])
def test_damage_anywhere_is_found_or_harmless(
    damage: Damage, whole: Path, tmp_path: Path, trials: Callable[[int], int]
) -> None:
    chance, before = (
        random.Random(damage.__name__),
        read(shutil.copytree(whole, tmp_path / "0.trace")),
    )
    fates: dict[str, list[str]] = {}
    for number in range(1, trials(60) + 1):
        trace = shutil.copytree(whole, tmp_path / f"{number}.trace")
        file = chance.choice([*files(trace), *["catalog.sqlite", "catalog.sqlite-wal"] * 4])
        content = (trace / file).read_bytes()
        (trace / file).write_bytes(damage(content, chance))
        fates.setdefault(fate(trace, before), []).append(f"{number}: {file}")
        shutil.rmtree(trace)

    counted = " ".join(f"{name}={len(where)}" for name, where in sorted(fates.items()))
    print(f"FIGURE {damage.__name__} trials={trials(60)} {counted}")
    assert fates.get("missed", []) == []
    assert fates.get("found"), "nothing was ever found: is anything looked for?"
