"""Laws of all kinds: a finding follows from what was recorded, not from how it was stored or how often captured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.record import Checkpoint, Page, Record, Span
from datasets import make
from datasets.story import EVENT_TIME, KEY, SEQUENCE, Told
from tests.datasets.examined import ALL
from workbench.findings import DETECTORS, Finding, Findings, find, losses, order
from workbench.trace import Trace, TraceWriter, open_trace

LOST_OR_DISORDERED = {each.kind for family in (losses, order) for each in family.DETECTORS}
Instance = tuple[str, str, str, frozenset[tuple[str, str]]]
"""Kind, source, key, and the records of the witness: no delivery ids, which are the trace's own.

Of lines only whose they are: any line of a request may tell of it, as its first and its last are as they were stored.
"""


@dataclass(frozen=True)
class Case:
    """A dataset with faults and look-alikes of one kind, and what is found of the kind in it."""

    kind: str
    told: Told
    trace: Trace
    findings: Findings

    def asked(self, trace: Trace, **asked: Any) -> Findings:
        """What is found of the kind."""
        return find(trace, only=[self.kind], limit=ALL, **asked)


@pytest.fixture(scope="module", params=DETECTORS)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    kind: str = request.param
    told = make([kind], [kind], records=200, seed=12, each=2)
    folder = tmp_path_factory.mktemp(kind) / "t.trace"
    stored(told, folder, [told.records])
    with open_trace(folder) as trace:
        yield Case(kind, told, trace, find(trace, only=[kind], limit=ALL))


def stored(told: Told, folder: Path, pages: Sequence[Sequence[Record]]) -> Path:
    """A trace of the records, each page a commit of its own, with the coverage that the story has."""
    writer = TraceWriter(folder, "capture", ["laws"], lambda: told.captured_at)
    writer.catalog.remember(key=KEY, sequence=SEQUENCE, event_time=EVENT_TIME)
    for number, records in enumerate(pages):
        by_place: dict[tuple[str, str], list[Record]] = {}
        for record in records:
            by_place.setdefault((record.source_arn, record.partition_id), []).append(record)
        last = [(arn, Page((), Checkpoint(p, "end"), (s,))) for arn, p, s in spans(told)]
        writer.append_pages(
            [
                *(
                    (arn, Page(tuple(rows), Checkpoint(partition, str(number))))
                    for (arn, partition), rows in by_place.items()
                ),
                *(last if number == len(pages) - 1 else []),
            ]
        )
    writer.append_resources(told.resources)
    writer.close()
    return folder


def spans(told: Told) -> list[tuple[str, str, Span]]:
    """What was read; of sources that lines tell of, from the first to the last of it."""
    read = list(told.spans)
    own = {arn for arn, _ in told.pages}
    instants: dict[tuple[str, str], list[Any]] = {}
    for record in told.records:
        if record.source_arn not in own and record.source_at is not None:
            instants.setdefault((record.source_arn, record.partition_id), []).append(
                record.source_at
            )
    return read + [(*place, Span(min(all_of), max(all_of))) for place, all_of in instants.items()]


def instances(trace: Trace, findings: Findings) -> list[Instance]:
    """What was found, told by records."""
    ids = trace.sql(
        "select delivery_id, source_arn, case when service = 'aws:logs' then '' else record_id end from records"
    )
    record_of = {row[0]: (row[1], row[2]) for row in ids.iter_rows()}
    return sorted(
        (
            (
                finding.kind,
                finding.source_arn,
                str(instance["key"]),
                frozenset(record_of[each] for each in instance["delivery_ids"]),
            )
            for finding in findings
            for instance in finding.instances
        ),
        key=repr,
    )


def names(findings: Findings) -> set[tuple[str, str, str]]:
    return {(f.kind, f.source_arn, str(i["key"])) for f in findings for i in f.instances}


def cut(records: Sequence[Record], random: Random, pieces: int) -> list[Sequence[Record]]:
    """The records in order, in pages of any size."""
    borders = sorted(random.randrange(len(records)) for _ in range(pieces - 1))
    ends = [*borders, len(records)]
    return [records[a:b] for a, b in zip([0, *borders], ends, strict=True) if b > a]


def test_the_kind_is_found_where_it_is_planted(case: Case) -> None:
    assert case.findings, "else the laws would hold of nothing"


def test_findings_do_not_depend_on_segments_or_the_order_of_recording(
    case: Case, tmp_path: Path
) -> None:
    random, records = Random(1), list(case.told.records)
    random.shuffle(records)
    stored(case.told, tmp_path / "t.trace", cut(records, random, 7))

    with open_trace(tmp_path / "t.trace") as trace:
        assert instances(trace, case.asked(trace)) == instances(case.trace, case.findings)


def test_the_statement_alone_returns_the_deliveries_of_the_instances(case: Case) -> None:
    for finding in case.findings:
        rows = case.trace.sql(finding.sql)

        assert set(rows["delivery_id"]) == deliveries(finding)
        assert set(rows["source_arn"]) == {finding.source_arn}


def test_counts_are_those_of_what_is_listed(case: Case) -> None:
    for finding in case.findings:
        assert finding.count == len(finding.instances)
        assert finding.deliveries == len(deliveries(finding))


def test_every_instance_has_a_witness_that_is_there(case: Case) -> None:
    there = set(case.trace.sql("select delivery_id from records")["delivery_id"])

    for finding in case.findings:
        for instance in finding.instances:
            assert instance["delivery_ids"]
            assert set(instance["delivery_ids"]) <= there


def test_confidence_is_a_probability_and_the_span_holds_the_witness(case: Case) -> None:
    for finding in case.findings:
        assert 0 < finding.confidence <= 1
        assert (
            finding.first_at is None
            or finding.last_at is None
            or finding.first_at <= finding.last_at
        )


def test_asked_of_one_source_the_same_is_found_of_it(case: Case) -> None:
    for source in {finding.source_arn for finding in case.findings}:
        of_it = [each for each in case.findings if each.source_arn == source]
        asked = case.asked(case.trace, source=source)

        assert {each.source_arn for each in asked} == {source}
        assert instances(case.trace, asked) == instances(
            case.trace, replace(case.findings, findings=tuple(of_it))
        )


def test_bounds_that_leave_nothing_out_change_nothing(case: Case) -> None:
    instants = [each.source_at for each in case.told.records if each.source_at is not None]
    asked = case.asked(case.trace, since=min(instants), until=max(instants))

    assert instances(case.trace, asked) == instances(case.trace, case.findings)


def test_a_small_limit_lists_less_and_counts_the_same(case: Case) -> None:
    asked = find(case.trace, only=[case.kind], limit=1)

    assert [(each.source_arn, each.count) for each in asked] == [
        (each.source_arn, each.count) for each in case.findings
    ]
    assert all(len(each.instances) == 1 for each in asked)


def test_what_is_captured_twice_is_found_once(case: Case, tmp_path: Path) -> None:
    """Two deliveries of one record are one record: doubled rows add no fault, and hide none."""
    stored(case.told, tmp_path / "t.trace", [case.told.records, case.told.records])

    with open_trace(tmp_path / "t.trace") as trace:
        assert instances(trace, case.asked(trace)) == instances(case.trace, case.findings)


def test_clean_traffic_captured_twice_shows_no_loss_and_no_disorder(tmp_path: Path) -> None:
    told = make(records=1_000, seed=4)
    stored(told, tmp_path / "t.trace", [told.records, told.records])

    with open_trace(tmp_path / "t.trace") as trace:
        assert names(find(trace, only=sorted(LOST_OR_DISORDERED))) == set()


def test_clean_traffic_in_any_order_and_any_segments_shows_nothing(tmp_path: Path) -> None:
    told, random = make(records=1_000, seed=4), Random(5)
    records = list(told.records)
    random.shuffle(records)
    stored(told, tmp_path / "t.trace", cut(records, random, 9))

    with open_trace(tmp_path / "t.trace") as trace:
        assert names(find(trace)) == set()


def deliveries(finding: Finding) -> set[int]:
    return {each for instance in finding.instances for each in instance["delivery_ids"]}
