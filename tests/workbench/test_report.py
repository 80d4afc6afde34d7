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
from workbench.trace.schema import OUTCOMES, RUNS

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

    def load_by_hash(self) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "second": [datetime(2026, 11, 20, tzinfo=UTC)],
                "bin": [7],
                "from_hash_key": [str(7 * 2**122)],
                "records": [9],
                "bytes": [9],
                "share_of_limit": [1.5],
            }
        )

    def cuts(self) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "layout": ["current", "planned", "planned"],
                "position": [0.0, 0.0, 0.4],
                "starting_hash_key": ["0", "0", "1"],
            }
        )


class Advice:
    """What a tuner gives."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def document(self) -> dict[str, Any]:
        return self._document


QUEUE = "arn:aws:sqs:us-east-1:111111111111:orders"


def candidate(age_ms: float, cost: float | None, **mapping: Any) -> dict[str, Any]:
    return {
        "mapping": {"batch_size": 10} | mapping,
        "p50_age_ms": age_ms / 2,
        "p99_age_ms": age_ms,
        "cost_per_month": cost,
        "dead_letter_share": 0.0,
        "meets_slo": age_ms < 30_000,
    }


def mapping_advice(**more: Any) -> Advice:
    best = candidate(9_000.0, 11.5, batch_size=100)
    document = {
        "source_arn": QUEUE,
        "backtest": {
            "accepted": True,
            "misfit": 0.07,
            "by_measure": {
                "p99_age_ms": {"observed": 44_000, "simulated": 45_100, "misfit": 0.025},
                "duplicates": 0.07,
            },
        },
        "candidates": [candidate(45_000.0, 14.2), best],
        "recommended": best,
        "next_to_break": {"change": "traffic x 2", "measure": "p99_age_ms"},
    }
    return Advice(document | more)


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

    assert not {"script", "img", "iframe", "link", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert {value for name, value in page.attributes if name == "href"} == {
        "#what-was-captured",
        "#what-was-found",
        "#how-streams-should-be-sharded",
    }
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


def test_the_last_two_runs_of_a_source_stand_side_by_side_with_what_failed(
    trace: Trace, findings: Findings
) -> None:
    runs(trace, "run-1", "run-2", summary=json.dumps(SUMMARY))
    fates = {"run-1": ("dead_lettered", "ValueError"), "run-2": ("succeeded", None)}
    rows = [
        {
            "run_id": run_id,
            "invocation_id": run_id,
            "attempt": 1,
            "delivery_id": 1,
            "partition_id": "",
            "record_id": "m-7",
            "verdict": verdict,
            "error_type": error,
            "started_at": T0,
        }
        for run_id, (verdict, error) in fates.items()
    ]
    writer = TraceWriter(trace.path, "replay", [], lambda: T0)
    writer.append_results({"outcomes": pa.Table.from_pylist(rows, OUTCOMES)})
    writer.close()
    text = page_of(trace.refresh(), findings).text

    assert "0 of 1 records fared alike" in text
    beside = text[text.index("The last two runs of sqs:orders") :]
    assert "dead letteredsucceeded1m-7" in beside
    assert "ValueError" in text[: text.index("The last two runs")]


def test_every_link_leads_to_a_section_of_the_page(trace: Trace, findings: Findings) -> None:
    page = page_of(trace, findings, shard_plans=[Plan()])

    links = [value for name, value in page.attributes if name == "href"]
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(links) == 3
    assert set(links) <= {f"#{each}" for each in ids}


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


def test_a_recommendation_stands_beside_its_misfit(trace: Trace, findings: Findings) -> None:
    page = page_of(trace, findings, mapping_advice=[mapping_advice()])

    assert "Recommended: batch_size 100. Misfit of the model: 0.07." in page.text
    assert "Next to break: change traffic x 2; measure p99_age_ms." in page.text
    assert "44,000" in page.text
    assert any(v.startswith("2 candidates, 1 of them not beaten") for _, v in page.attributes)


def test_a_refused_back_test_says_why_and_shows_no_candidates(
    trace: Trace, findings: Findings
) -> None:
    refused = {
        "accepted": False,
        "misfit": 0.6,
        "reason": "ages are off by 60 %",
        "by_measure": {"age": 0.6},
    }
    page = page_of(
        trace, findings, mapping_advice=[mapping_advice(backtest=refused, recommended=None)]
    )

    assert "No recommendation: ages are off by 60 %. Misfit 0.6." in page.text
    assert "USD a month" not in page.text
    assert "batch_size 100" not in page.text


def test_advice_that_knows_nothing_says_so_and_the_page_is_whole(
    trace: Trace, findings: Findings
) -> None:
    empty = Advice({"source_arn": QUEUE, "backtest": None, "candidates": None, "recommended": None})
    page = page_of(trace, findings, mapping_advice=[empty], visibility_advice=[empty])

    assert "No recommendation: the model does not reproduce what was captured." in page.text
    assert "No recommendation: durations of the function are not known." in page.text


def test_accepted_without_anything_better_keeps_what_is_set(
    trace: Trace, findings: Findings
) -> None:
    page = page_of(trace, findings, mapping_advice=[mapping_advice(recommended=None)])

    assert "No change recommended: no candidate is better than what is set." in page.text


def test_candidates_that_are_left_out_are_counted(trace: Trace, findings: Findings) -> None:
    many = [candidate(1_000.0 + n, 1.0 + n, batch_size=n + 1) for n in range(40)]
    page = page_of(trace, findings, mapping_advice=[mapping_advice(candidates=many)])

    assert "12 of 40 rows shown; 28 more" in page.text


def test_a_visibility_timeout_is_recommended_beside_what_was_observed(
    trace: Trace, findings: Findings
) -> None:
    document = {
        "source_arn": QUEUE,
        "current": {"visibility_timeout_s": 30.0, "max_receive_count": 3},
        "recommended": {"visibility_timeout_s": 180.0, "max_receive_count": 3},
        "observed": {"extra_deliveries_per_message": 0.4, "dead_letter_share": {"share": 0.01}},
        "candidates": [
            {"visibility_timeout_s": v, "max_receive_count": 3, "dead_letter_share": 0.0}
            | {"extra_deliveries_per_message": 9 / v}
            for v in (30.0, 180.0)
        ],
        "backtest": {"deliveries_ratio": 0.96},
        "notes": ["few invocations"],
    }
    page = page_of(trace, findings, visibility_advice=[Advice(document)])

    assert "Recommended: VisibilityTimeout 3 min, maxReceiveCount 3." in page.text
    assert "0.96 times the deliveries" in page.text
    assert "few invocations" in page.text
    assert any("observed 30 s: 40.00% extra deliveries" in v for _, v in page.attributes)


def test_hostile_names_in_advice_do_nothing(trace: Trace, findings: Findings) -> None:
    hostile = mapping_advice(
        candidates=[candidate(5.0, 1.0), candidate(4.0, 2.0, note=HOSTILE)],
        next_to_break={HOSTILE: [HOSTILE]},
        source_arn=f"{QUEUE}{HOSTILE}",
    )
    page = page_of(trace, findings, mapping_advice=[hostile])

    assert not {"script", "img", "iframe", "link", "form"} & set(page.tags)
    assert "\u202e" not in page.text


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
