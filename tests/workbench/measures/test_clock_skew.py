"""A producer's clock is told by the least delay of its events."""

from pathlib import Path

from tests.workbench.findings.traces import at, put, trace_of
from workbench.measures import measure

SKEW_S = {"right": 0.0, "ahead": 30.0, "behind": -45.0}


def test_the_least_delay_tells_each_producer_s_clock(tmp_path: Path) -> None:
    records = [
        put(
            100 * p + n,
            "k",
            {"by": name, "t": at(n + skew).isoformat()},
            n + 0.05 * (1 + n % 5),
        )
        for p, (name, skew) in enumerate(SKEW_S.items())
        for n in range(20)
    ]
    with trace_of(tmp_path / "t.trace", records) as trace:
        rows = measure(trace, "clock_skew", event_time="$.t", thresholds={"producer": "$.by"})
        together = measure(trace, "clock_skew", event_time="$.t")

    told = {row["producer"]: row for row in rows.to_dicts()}
    assert {name: row["skew_ms"] for name, row in told.items()} == {
        "right": 50,
        "ahead": -29_950,
        "behind": 45_050,
    }
    assert [told[name]["from_others_ms"] for name in SKEW_S] == [0, -30_000, 45_000]
    assert [told[name]["ahead"] for name in SKEW_S] == [0, 20, 0]
    assert told["right"]["median_delay_ms"] == 150
    assert together.select("producer", "records").rows() == [(None, 60)]


def test_payloads_without_an_instant_have_no_clock(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", [put(1, "k", {"t": "soon"}, 1)]) as trace:
        assert measure(trace, "clock_skew", event_time="$.t").is_empty()
