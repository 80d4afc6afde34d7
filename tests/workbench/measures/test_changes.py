"""The timeline of changes can be cut in time: one whose instant is not known belongs to all of its span."""

import json
from pathlib import Path

from connectors.record import Resource
from tests.factories import QUEUE, instant, write_trace
from workbench.measures import measure


def test_a_change_between_two_looks_is_in_every_cut_that_meets_its_span(tmp_path: Path) -> None:
    looks = [
        Resource(
            QUEUE,
            "get-queue-attributes",
            instant(at),
            json.dumps({"Attributes": {"DelaySeconds": value}}),
        )
        for at, value in ((0, "1"), (60, "2"), (120, "3"))
    ]
    trace = write_trace(tmp_path / "t", [], looks)

    assert measure(trace, "changes", until=instant(30))["after"].to_list() == ["2"]
    assert measure(trace, "changes", since=instant(70))["after"].to_list() == ["3"]
    assert measure(trace, "changes")["after"].to_list() == ["2", "3"]
