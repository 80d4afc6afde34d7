"""When the messages that were seen in a queue expire."""

from pathlib import Path

from tests.workbench.findings.losses.test_expired import dead_letters, message
from tests.workbench.findings.losses.topics import BILLING_DLQ, trace_of_topic
from tests.workbench.findings.traces import at
from workbench.measures import measure


def test_a_dead_letter_queue_tells_when_the_next_of_its_messages_expires(tmp_path: Path) -> None:
    messages = [message(seen, queue=BILLING_DLQ, count=n) for n, seen in enumerate((100, 400), 1)]
    trace = trace_of_topic(tmp_path / "t.trace", messages, dead_letters(), read=(BILLING_DLQ,))

    (row,) = measure(trace, "expiring").to_dicts()

    assert row["source_arn"] == BILLING_DLQ
    assert row["is_dead_letter_queue"]
    assert (row["messages"], row["retention_s"], row["oldest_sent_at"]) == (1, 1_000, at(0))
    assert (row["last_seen_at"], row["next_expiry_at"], row["life_used"]) == (
        at(400),
        at(1_000),
        0.4,
    )
