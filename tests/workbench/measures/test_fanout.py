"""The matrix of publishes and subscriptions adds up."""

from pathlib import Path

import pytest

from tests.workbench.findings.losses.topics import (
    BILLING,
    SHIPPING,
    TOPIC,
    delivered,
    listing,
    subscription,
    tapped,
    trace_of_topic,
)
from tests.workbench.findings.traces import at
from workbench.errors import UsageError
from workbench.measures import measure


def test_each_subscription_has_what_should_have_come_and_what_came(tmp_path: Path) -> None:
    records = [
        *(tapped(n, n * 60) for n in range(10)),
        *(delivered(n, n * 60) for n in (0, 1, 2, 9)),
        *(delivered(n, n * 60, SHIPPING) for n in range(9)),
    ]
    policy = {"order": [{"numeric": ["<", 5]}]}
    trace = trace_of_topic(
        tmp_path / "t.trace",
        records,
        [subscription(policy=policy, scope="MessageBody"), subscription(SHIPPING)],
    )

    rows = measure(trace, "fanout").to_dicts()

    assert [list(row.values()) for row in rows] == [
        [TOPIC, BILLING, f"{TOPIC}:billing", 10, 5, 3, 2, 1, 0],
        [TOPIC, SHIPPING, f"{TOPIC}:shipping", 10, 10, 9, 1, 0, 0],
    ]
    assert measure(trace, "fanout", source=BILLING, until=at(100))["publishes"].to_list() == [2]


def test_what_cannot_be_told_is_counted_as_such(tmp_path: Path) -> None:
    records = [tapped(n, n * 60) for n in range(3)]
    trace = trace_of_topic(
        tmp_path / "t.trace", records, [subscription(policy={"a": [{"regex": "x"}]})]
    )

    assert measure(trace, "fanout")["unknown"].to_list() == [3]


def test_without_policies_the_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="get-subscription-attributes"):
        measure(trace_of_topic(tmp_path / "t.trace", [], [listing(BILLING)]), "fanout")
