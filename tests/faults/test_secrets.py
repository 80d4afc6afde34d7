"""A thousand secrets in all that a capture and an import take in: none on disk or screen, and equal ones stay equal."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import pytest

from connectors.budget import Budgets
from connectors.files import read_files
from tests.factories import T0, clock
from tests.faults.planting import DOCUMENTS, RECORDS, WHOSE, Planted, left_in
from tests.scripted_aws.clock import VirtualClock
from tests.workbench.cli.running import run
from tests.workbench.trace.redaction.vectors import BEFORE, shown, value_of
from workbench.demo.traffic import make_traffic
from workbench.findings import find
from workbench.report import report
from workbench.trace import open_trace
from workbench.trace.capture import capture
from workbench.trace.export import export
from workbench.trace.import_files import import_files
from workbench.trace.limits import Limits
from workbench.trace.redaction.connector import RedactedConnector
from workbench.trace.redaction.detectors import BY_KIND
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.profile import Profile
from workbench.trace.redaction.redactor import Redactor
from workbench.trace.redaction.rules import Rules

EACH = 40
"""Secrets of a kind: twenty-five kinds make a thousand."""
REDACTOR = Redactor(Rules(Profile("detect"), Key(bytes(range(32)))))
WAYS = ("record", "document", "record", "told", "document", "record", "quoted", "document")
TOKEN = re.compile(r"tok_[a-z0-9_]+_[a-z2-7]{26}")


def planted() -> dict[str, list[tuple[int, str, str]]]:
    """Number, text and secret by the way that it comes in."""
    ways, places = cycle(WAYS), dict[str, list[tuple[int, str, str]]]()
    secrets = [(kind, n) for n in range(EACH) for kind in BY_KIND]
    for number, (kind, n) in enumerate(secrets, 1):
        places.setdefault(next(ways), []).append((number, shown(kind, n), value_of(kind, n)))
    return places


PLACES = planted()


def take_in(folder: Path, redactor: Redactor | None) -> list[str]:
    """Capture and import everything, and return what was said."""
    carriers = cycle(RECORDS.values())
    records = [next(carriers)(number, text) for number, text, _ in PLACES["record"]]
    told, quoted = ([text for _, text, _ in PLACES[way]] for way in ("told", "quoted"))
    connector = Planted(records, told, [])
    failing = Planted([], [], quoted)
    said: list[str] = []
    for each in (connector, failing):
        captured = capture(
            folder / "t.trace",
            [RedactedConnector(each, redactor) if redactor else each],
            limits=Limits(),
            clock=VirtualClock(T0).for_capture(),
            budgets=Budgets(calls_per_second=10_000),
            stop=threading.Event(),
            prepare=redactor.page if redactor else lambda page: page,
            redaction=redactor.described if redactor else None,
        )
        said.append(json.dumps(captured.document()))
    for shape in DOCUMENTS:
        (folder.parent / f"{folder.name}-files" / shape).mkdir(parents=True)
    for (number, text, _), shape in zip(PLACES["document"], cycle(DOCUMENTS), strict=False):
        file = folder.parent / f"{folder.name}-files" / shape / f"{number:04d}.json"
        file.write_text(json.dumps(DOCUMENTS[shape](number, text)))
    for shape in DOCUMENTS:
        files = folder.parent / f"{folder.name}-files" / shape
        imported = import_files(
            folder / "t.trace", [files], now=clock, redactor=redactor, source_arn=WHOSE.get(shape)
        )
        assert imported.skipped == ()
        said.append(json.dumps(imported.document()))
    return said


def show(folder: Path, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """What commands print of the trace, and the files that they make of it."""
    trace = folder / "t.trace"
    with open_trace(trace) as opened:
        report(opened, find(opened), folder / "report.html")
        export(opened, folder / "sealed.duckdb")
    said = [
        run(capfd, "sql", trace, f"select * from {relation}", "--json").out
        for relation in ("records", "resources", "coverage", "captures")
    ]
    return [*said, run(capfd, "info", trace).out, run(capfd, "verify", trace).err]


def found(texts: Iterable[str]) -> set[str]:
    """The secrets that are in one of the texts, as they are or as JSON spells them."""
    secrets = [secret for places in PLACES.values() for _, _, secret in places]
    assert len(secrets) == len(set(secrets)) == EACH * len(BY_KIND) == 1_000
    seen = "\n".join(set(texts))
    return {
        secret
        for secret in secrets
        if secret in seen or ("\n" in secret and json.dumps(secret)[1:-1] in seen)
    }


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("redacted", "control"):
        (tmp_path / name).mkdir()
    return tmp_path / "redacted", tmp_path / "control"


def test_of_a_thousand_secrets_none_is_on_disk_or_screen(
    folders: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    hidden, control = (
        found([*take_in(folder, redactor), *show(folder, capfd), *left_in(folder)])
        for folder, redactor in zip(folders, (REDACTOR, None), strict=True)
    )

    with capfd.disabled():
        print(
            f"\nFIGURE secrets planted=1000 kinds={len(BY_KIND)} found={len(hidden)} control={len(control)}"
        )
    assert hidden == set()
    assert len(control) == 1_000, "every secret really came in"


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_file_that_is_not_taken_is_not_quoted(tmp_path: Path, kind: str) -> None:
    (tmp_path / "unknown.json").write_text(json.dumps({shown(kind, 1): 1}))

    plain, redacted = (
        import_files(tmp_path / f"{n}.trace", [tmp_path / "unknown.json"], now=clock, redactor=each)
        for n, each in enumerate((None, REDACTOR))
    )

    start = shown(kind, 1)[:20]
    assert json.dumps(start)[1:-1] in plain.skipped[0].__repr__() or start in plain.skipped[0][1]
    assert start not in redacted.skipped[0][1]


@pytest.mark.parametrize("kind", BY_KIND)
def test_equal_values_have_equal_tokens_wherever_they_stand(kind: str) -> None:
    tokens = Counter[str]()
    for carry in RECORDS.values():
        [record] = REDACTOR.records([carry(1, shown(kind, 1))])
        told = b"\n".join(
            [record.body, record.envelope.encode(), str(record.ordering_key).encode()]
        ).decode("latin-1")
        text = "\n".join(level for line in told.split("\n") for level in (line,))
        found_here = {
            each
            for each in TOKEN.findall(text)
            if not each.startswith(("tok_digest_", "tok_binary_"))
        }
        tokens.update(found_here)

    assert len(tokens) == 1, tokens
    assert set(BEFORE) >= {kind} or tokens.total() >= len(RECORDS) - 4


def test_clean_traffic_is_left_as_it_is(
    shared_events: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    traffic = make_traffic(7)
    bodies = [*traffic.placements, *(body for _, body in traffic.events)]
    sampled = [
        record
        for file in read_files([shared_events], source_arn=None, partition_id=None, now=lambda: T0)
        for record in file.records
    ]

    changed = sum(REDACTOR.text(body) != body for body in bodies)
    kinds = Counter(
        token.split("_", 1)[1].rsplit("_", 1)[0]
        for record in REDACTOR.records(sampled)
        for token in TOKEN.findall(
            record.body.decode("latin-1") + record.attributes + record.envelope
        )
    )
    by_name = kinds.pop("value", 0)
    addresses = kinds.pop("ip", 0)

    with capfd.disabled():
        print(
            f"\nFIGURE false_positives demo_bodies={len(bodies)} changed={changed} sample_records={len(sampled)}"
            f" cookies_and_keys_by_name={by_name} public_addresses={addresses} others={kinds.total()}"
        )
    assert changed == 0
    assert set(kinds) <= {"binary"}, (
        "the samples hold cookies, access keys and addresses, and one body in Protocol Buffers"
    )
