"""What messages of a FIFO queue waited for those before them."""

from pathlib import Path

from tests.factories import QUEUE, sqs_message, write_trace
from tests.workbench.findings.order.invocations import invocation
from workbench.measures import measure

FIFO = f"{QUEUE}.fifo"


def test_a_message_waits_until_those_before_it_in_its_group_have_ended(tmp_path: Path) -> None:
    first, second, other = (
        sqs_message(n, seconds=seconds, group=group, queue=FIFO)
        for n, seconds, group in ((1, 0, "g"), (2, 1, "g"), (3, 0, "h"))
    )
    lines = [
        *invocation(1, 2, first),
        *invocation(2, 10, first),
        *invocation(3, 12, second),
        *invocation(4, 5, other, stream="b"),
    ]
    with write_trace(tmp_path / "t.trace", [first, second, other, *lines]) as trace:
        rows = {row["message_group"]: row for row in measure(trace, "group_waits").to_dicts()}

    assert rows["g"] == rows["g"] | {
        "source_arn": FIFO,
        "messages": 2,
        "waiting": 1,
        "waited_ms": 9_500,
        "longest_ms": 9_500,
        "longest_record_id": second.record_id,
        "blocked_by": first.record_id,
    }
    assert (rows["h"]["waiting"], rows["h"]["waited_ms"], rows["h"]["blocked_by"]) == (0, 0, None)


def test_a_standard_queue_has_no_groups(tmp_path: Path) -> None:
    sent = sqs_message(1)
    with write_trace(tmp_path / "t.trace", [sent, *invocation(1, 2, sent)]) as trace:
        assert measure(trace, "group_waits").is_empty()
