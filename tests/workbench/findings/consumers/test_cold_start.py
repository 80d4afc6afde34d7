"""A cold start is an initialisation that a request waited for: no snapshot, none made ahead."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record
from tests.factories import LOG_GROUP, log_event, write_trace
from tests.workbench.logged import REQUEST, invocation
from workbench.findings import Finding, find


def cold(folder: Path, records: Iterable[Record], **thresholds: Any) -> list[Finding]:
    return list(
        find(write_trace(folder / "t", records), only=("cold_start",), thresholds=thresholds)
    )


def warm(count: int, first: int = 100, duration_ms: float = 20) -> list[Record]:
    return [
        line
        for n in range(count)
        for line in invocation(first + n, 10 + n, duration_ms, instance="warm")
    ]


def test_an_initialisation_that_was_waited_for_is_a_cold_start(tmp_path: Path) -> None:
    [finding] = cold(tmp_path, [*invocation(1, 5, init_ms=400), *warm(9)])

    [instance] = finding.instances
    assert (finding.source_arn, instance["key"]) == (LOG_GROUP, REQUEST.format(1))
    assert (instance["init_ms"], instance["running"]) == (400, 0)
    assert len(instance["delivery_ids"]) == 3, "INIT_START, START and REPORT"
    assert finding.severity == "informational"
    assert "1 cold start in 10 invocations (10.0%), initialised in 400 ms" in finding.summary


def test_an_instance_initialised_ahead_made_nobody_wait(tmp_path: Path) -> None:
    """Provisioned concurrency, or Lambda on its own: in text the REPORT line says Init Duration all the same."""
    ahead = list(invocation(1, 60, init_ms=400, idle_ms=30_000, instance="ahead"))

    assert cold(tmp_path / "ahead", [*ahead, *warm(3)]) == []

    [finding] = cold(tmp_path / "both", [*ahead, *invocation(2, 5, init_ms=300), *warm(3)])
    assert [each["key"] for each in finding.instances] == [REQUEST.format(2)]
    assert finding.notes == ("1 invocation began on an instance that Lambda had initialised ahead",)


def test_a_restored_snapshot_is_told_apart(tmp_path: Path) -> None:
    restored = [
        log_event(
            n,
            json.dumps({"time": "t", "type": f"platform.{kind}", "record": record}),
            seconds=n,
            log_stream="s",
        )
        for n, (kind, record) in enumerate(
            [
                ("restoreStart", {"functionVersion": "7"}),
                ("restoreReport", {"status": "success", "metrics": {"durationMs": 398.97}}),
                ("start", {"requestId": REQUEST.format(9), "version": "7"}),
                (
                    "report",
                    {
                        "requestId": REQUEST.format(9),
                        "status": "success",
                        "metrics": {"durationMs": 5},
                    },
                ),
            ]
        )
    ]

    assert cold(tmp_path / "only", restored) == []
    [finding] = cold(tmp_path / "both", [*restored, *invocation(2, 50, init_ms=300)])
    assert finding.count == 1
    assert finding.notes == ("1 invocation began on an instance restored from a snapshot",)


def test_it_is_a_fault_where_initialisation_makes_most_of_the_slowest(tmp_path: Path) -> None:
    slow = [line for n in range(6) for line in invocation(n, n, 20, init_ms=2_000, instance=str(n))]

    [finding] = cold(tmp_path / "fault", [*slow, *warm(150)])
    assert finding.severity == "fault"
    assert "initialisation is 99% of the p99 of 2.02 s" in finding.summary

    [few] = cold(tmp_path / "few", [*slow, *warm(20)])
    assert few.severity == "informational", "a p99 of 26 invocations is the slowest"


def test_growth_and_new_versions_are_told(tmp_path: Path) -> None:
    [finding] = cold(
        tmp_path,
        [
            *invocation(1, 10, 5_000, init_ms=100, instance="a"),
            *invocation(2, 11, 5_000, init_ms=100, instance="b"),
            *invocation(3, 100, 50, init_ms=100, instance="c"),
            *invocation(4, 200, 50, init_ms=100, instance="d", version="8"),
        ],
    )

    told = [
        (each["running"], each["is_peak"], each["is_first_of_version"])
        for each in finding.instances
    ]
    assert told == [(0, True, False), (1, True, False), (0, False, False), (0, False, True)]


def test_warm_invocations_and_applications_that_talk_alike_are_none(tmp_path: Path) -> None:
    talk = log_event(1, "INIT_START of my own, Init Duration: 900 ms", seconds=1)

    assert cold(tmp_path, [talk, *warm(5)]) == []


@settings(max_examples=8, deadline=None)
@given(turn=st.randoms(use_true_random=False), starts=st.lists(st.integers(0, 50), max_size=6))
def test_each_initialisation_is_found_once_in_whatever_order_streams_are_read(
    tmp_path_factory: pytest.TempPathFactory, turn: Any, starts: list[int]
) -> None:
    streams = [
        list(invocation(n, second, init_ms=50 + n, instance=f"i{n}"))
        for n, second in enumerate(starts)
    ]
    turn.shuffle(streams)

    found = cold(
        tmp_path_factory.mktemp("t"), [*warm(4), *(line for each in streams for line in each)]
    )

    told = {each["key"]: each["init_ms"] for finding in found for each in finding.instances}
    assert told == {REQUEST.format(n): 50 + n for n in range(len(starts))}
