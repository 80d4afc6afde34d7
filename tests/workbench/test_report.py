"""The report: one page that says everything, holds no script, and is there whole or not at all."""

import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from connectors.record import Span
from tests.workbench.findings.traces import T0, at, message, put, trace_of
from workbench.errors import WorkbenchError
from workbench.findings import Findings, find
from workbench.report import report
from workbench.trace import Trace, TraceWriter
from workbench.trace.schema import RUNS

HOSTILE = '</code></pre></style><script>harmed=1</script><img src="http://x.test/" onerror="harmed=1">\u202e'
SUMMARY = {
    "invocations": 5,
    "records": {
        "total": 10,
        "succeeded": 7,
        "failed": 0,
        "dead_lettered": 3,
        "discarded": 0,
        "filtered": 0,
        "not_reached": 0,
    },
}


class Page(HTMLParser):
    """The page's elements, attributes and text as a browser would take them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attributes]

    def handle_data(self, data: str) -> None:
        self.text += data


class Plan:
    """A shard plan as `tune.shards` gives it."""

    def document(self) -> dict[str, Any]:
        return {
            "source_arn": "arn:aws:kinesis:us-east-1:111111111111:stream/orders",
            "current": {"shards": 2, "over_limit_shard_seconds": 4},
            "uniform": {"shards": None, "over_limit_shard_seconds": None},
            "planned": {"shards": 3, "over_limit_shard_seconds": 0},
            "operations": [{"operation": "SplitShard", "ShardToSplit": "shardId-000000000000"}],
            "hot_keys": [
                {
                    "partition_key": HOSTILE,
                    "records_per_second": 1_400,
                    "bytes_per_second": 9,
                    "salt_factor": 2,
                }
            ],
        }

    def to_frame(self) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "shard": [HOSTILE],
                "second": [datetime(2026, 11, 20, tzinfo=UTC)],
                "records": [9],
                "bytes": [9],
                "share_of_limit": [1.5],
            }
        )


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    records = [
        message("again", {"note": "first look"}),
        message("again", {"note": "first look"}, count=2),
        *(put(n, "k", {"id": "o1", "v": v}, n) for n, v in enumerate([1, 2, 4])),
    ]
    with trace_of(tmp_path / "t.trace", records) as opened:
        yield opened


@pytest.fixture
def findings(trace: Trace) -> Findings:
    return find(trace, key="$.id", sequence="$.v")


def page_of(trace: Trace, findings: Findings, **more: Any) -> Page:
    return Page(str(report(trace, findings, **more)))


def test_each_finding_is_there_with_its_witness_and_its_sql(
    trace: Trace, findings: Findings
) -> None:
    page = page_of(trace, findings)

    assert [finding.kind for finding in findings] == ["redelivery", "sequence_gap"]
    for finding in findings:
        assert finding.summary in page.text
        assert finding.sql in page.text
    assert page.text.count('{"note": "first look"}') == 2
    assert '{"id": "o1", "v": 4}' in page.text
    assert page.tags.count("article") == 2
    assert "b'" not in page.text


def test_the_page_has_no_script_and_a_policy_that_would_forbid_it(
    trace: Trace, findings: Findings
) -> None:
    page = page_of(trace, findings)

    assert (
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    ) in page.attributes
    assert "script" not in page.tags


def test_hostile_payloads_keys_and_names_are_text(tmp_path: Path) -> None:
    records = [
        message(HOSTILE, HOSTILE.encode(), count=count, queue=f"arn:aws:sqs:us-east-1:1:{HOSTILE}")
        for count in (1, 2)
    ]
    records += [put(n, HOSTILE, {"id": HOSTILE, "v": v}, n, HOSTILE) for n, v in enumerate([1, 3])]
    holes = [Span(at(100), at(200), HOSTILE)]
    with trace_of(tmp_path / "t.trace", records, holes=holes) as hostile:
        page = page_of(hostile, find(hostile, key="$.id", sequence="$.v"), shard_plans=[Plan()])

    assert not {"script", "img", "a", "iframe", "link", "form"} & set(page.tags)
    assert not [
        name for name, _ in page.attributes if name.startswith("on") or name in ("href", "src")
    ]
    assert "harmed=1" in page.text
    assert "\u202e" not in page.text
    assert "\\u202e" in page.text


def test_holes_come_before_what_was_read(trace: Trace, tmp_path: Path) -> None:
    holes = [Span(at(5), at(6), "trimmed")]
    with trace_of(tmp_path / "h.trace", [message("m", {})], holes=holes) as holed:
        page = page_of(holed, find(holed))

    assert "Not read: 1 of 2 spans." in page.text
    assert page.text.index("trimmed") < page.text.index("Deliveries over time")
    assert "No hole is known" in page_of(trace, find(trace)).text


def test_what_was_not_looked_for_is_said(trace: Trace) -> None:
    assert "sequence_gap not looked for" in page_of(trace, find(trace)).text


def test_a_trace_with_nothing_in_it_gives_a_page(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", []) as empty:
        page = page_of(empty, find(empty))

    assert "Nothing was found." in page.text
    assert "No deliveries: the trace holds no records." in page.text


def test_witness_rows_that_are_left_out_are_counted(tmp_path: Path) -> None:
    records = [message(f"m{n}", {"n": n}, n, count=2) for n in range(25)]
    with trace_of(tmp_path / "t.trace", records) as trace:
        page = page_of(trace, find(trace, only=["redelivery"]))

    assert "10 of 25 rows shown; 15 more in the trace." in page.text


def test_a_long_payload_is_cut_and_says_how_long_it_was(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", [message("m", b"x" * 9_000, count=2)]) as trace:
        page = page_of(trace, find(trace, only=["redelivery"]))

    assert "x" * 401 not in page.text
    assert "x…  (9,000 bytes)" in page.text


def runs(trace: Trace, *run_ids: str, summary: str) -> None:
    rows = [
        {
            "run_id": run_id,
            "source_arn": "arn:aws:sqs:us-east-1:111111111111:orders",
            "handler": "charge.py:handle",
            "mapping": "{}",
            "isolation": '{"tier": "A"}',
            "started_at": T0,
            "ended_at": T0 + timedelta(seconds=1),
            "summary": summary,
        }
        for run_id in run_ids
    ]
    writer = TraceWriter(trace.path, "replay", [], lambda: T0)
    writer.append_results({"runs": pa.Table.from_pylist(rows, RUNS)})
    writer.close()
    trace.refresh()


def test_replays_are_shown_with_the_fates_of_their_records(
    trace: Trace, findings: Findings
) -> None:
    runs(trace, "run-1", "run-2", summary=json.dumps(SUMMARY))

    assert "charge.py:handle" in page_of(trace, findings).text
    assert "dead lettered" in page_of(trace, findings).text
    assert "run-2" in page_of(trace, findings).text
    assert "run-2" not in page_of(trace, findings, runs=["run-1"]).text
    assert "What replays did" not in page_of(trace, findings, runs=[]).text


def test_what_a_run_does_not_say_of_itself_is_unknown_and_not_zero(
    trace: Trace, findings: Findings
) -> None:
    runs(trace, "run-1", summary="{}")
    page = str(report(trace, findings))
    row = page[page.index("run-1") : page.index("</tr>", page.index("run-1"))]

    assert row.count("<td>-</td>") == 8
    assert "0" not in Page(row).text.replace("run-1", "")


def test_shard_plans_are_shown_with_their_heat_map_and_hot_keys(
    trace: Trace, findings: Findings
) -> None:
    page = page_of(trace, findings, shard_plans=[Plan()])

    assert "Load of 1 shards: 150% of the limit at the peak" in " ".join(
        v for _, v in page.attributes
    )
    assert "SplitShard" in page.text
    assert "1,400" in page.text


def test_the_same_trace_gives_the_same_page(trace: Trace, findings: Findings) -> None:
    assert report(trace, findings) == report(trace, findings)


def test_the_file_is_whole_and_for_its_owner_only(
    trace: Trace, findings: Findings, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text("an older one")

    assert report(trace, findings, file) == file
    assert file.read_text("utf-8") == report(trace, findings)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "t.trace"]


def test_a_full_disk_leaves_the_older_report_and_no_rest(
    trace: Trace, findings: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.html"
    file.write_text("an older one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkbenchError, match="No space left on device; name another file"):
        report(trace, findings, file)
    assert file.read_text() == "an older one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "t.trace"]


def test_a_folder_that_is_not_there_is_said_in_one_line(
    trace: Trace, findings: Findings, tmp_path: Path
) -> None:
    with pytest.raises(
        WorkbenchError, match=r"^cannot write .*report\.html: No such file or directory"
    ):
        report(trace, findings, tmp_path / "nowhere" / "report.html")
