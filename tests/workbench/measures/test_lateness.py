"""The share that each allowed lateness would lose, by its definition."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workbench.findings.traces import STREAM, at, put, trace_of
from workbench.errors import UsageError
from workbench.measures import measure


def lost(delays_ms: list[int], folder: Path) -> dict[int, int]:
    """Late records by bound; an event a second, each so long on its way."""
    records = [
        put(n, "k", {"t": at(n).isoformat(), "n": n}, n + delay / 1_000)
        for n, delay in enumerate(delays_ms)
    ]
    with trace_of(folder / "t.trace", records * 2) as trace:
        rows = measure(trace, "lateness", event_time="$.t").to_dicts()
    assert {row["source_arn"] for row in rows} <= {STREAM}
    assert {row["records"] for row in rows} <= {len(delays_ms)}, (
        "a delivery again is no record more"
    )
    assert all(row["late_share"] == row["late"] / len(delays_ms) for row in rows)
    return {row["bound_ms"]: row["late"] for row in rows}


def test_each_bound_has_what_it_would_lose_up_to_the_first_that_loses_nothing(
    tmp_path: Path,
) -> None:
    told = lost([100] * 10 + [4_950] + [100] * 9, tmp_path)
    assert told[0] == told[2_000] == 1, (
        "behind the event four seconds later, which came 50 ms before"
    )
    assert (told[5_000], max(told)) == (0, 5_000)


@settings(max_examples=10)
@given(st.lists(st.integers(0, 9_000), min_size=1, max_size=25))
def test_it_is_what_the_definition_says(delays_ms: list[int]) -> None:
    arrivals = sorted((n * 1_000 + delay, n * 1_000) for n, delay in enumerate(delays_ms))
    quickest = sorted(delays_ms)[max(0, -(-len(delays_ms) // 10) - 1)]
    late, latest = [], -(10**9)
    for arrived, happened in arrivals:
        late.append(max(0, latest - happened))
        latest = max(latest, min(happened, arrived - quickest))
    with TemporaryDirectory() as folder:
        told = lost(delays_ms, Path(folder))

    assert told == {bound: sum(each > bound for each in late) for bound in told}
    assert told[max(told)] == 0


def test_a_clock_that_runs_ahead_makes_nothing_else_late(tmp_path: Path) -> None:
    records = [put(n, "k", {"t": at(n).isoformat()}, n + 0.1) for n in range(20)]
    ahead = put(99, "k", {"t": (at(0) + timedelta(days=999)).isoformat()}, 5.5)
    with trace_of(tmp_path / "t.trace", [*records, ahead]) as trace:
        rows = measure(trace, "lateness", event_time="$.t")

    assert rows["late"].to_list() == [0]


def test_without_event_time_there_is_none(tmp_path: Path) -> None:
    with (
        trace_of(tmp_path / "t.trace", []) as trace,
        pytest.raises(UsageError, match="lateness needs --event-time"),
    ):
        measure(trace, "lateness")
