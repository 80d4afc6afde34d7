"""What if: every kind asked of a real run, visible in its rows, and the same for the same seed."""

import pytest

from tests.factories import clock, kinesis_record, sqs_message, write_trace
from tests.workbench.replay.invokers.processes import needs_namespaces
from tests.workbench.replay.perturb.calling import CALLING
from workbench.errors import UsageError
from workbench.replay import replay
from workbench.replay.perturb.what_if import Perturbation, WhatIf

HANDLER = f"""{CALLING}
def handle(event, context):
    for record in event["Records"]:
        send(record.get("body") or record["kinesis"]["partitionKey"])
"""


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    needs_namespaces()
    folder = tmp_path_factory.mktemp("what-if")
    (folder / "send.py").write_text(HANDLER)
    records = [sqs_message(n, seconds=n) for n in range(1, 13)]
    records += [kinesis_record(n, key=f"k{n % 3}", seconds=n // 6) for n in range(1, 13)]
    with write_trace(folder / "t.trace", records) as trace:
        yield trace


def run(trace, *what_if, source="sqs:orders", seed=0, **more):
    return replay(
        trace, "send.py:handle", source=source, now=clock, folder=trace.path.parent,
        mapping={"BatchSize": 4}, what_if=what_if, seed=seed, **more,
    )  # fmt: skip


def injected(made):
    (each,) = made.document()["what_if"]
    return each["injected"]


def sent(made):
    rows = made.trace.sql(
        "select json_extract_string(parameters, '$.MessageBody') as body from effects where run_id = $id",
        id=made.run_id,
    )
    return sorted(rows["body"].to_list())


def test_a_duplicate_of_a_message_is_a_row_of_its_own(trace):
    made = run(trace, "duplicate:1")

    ids = set(made.outcomes()["delivery_id"].to_list())
    assert injected(made) == 12
    assert {-each for each in ids} == ids
    assert made.records["succeeded"] == 24
    assert len(sent(made)) == 24


def test_a_stream_is_read_again_from_its_checkpoint(trace):
    made = run(trace, "duplicate:1", source="kinesis:orders")

    errors = made.outcomes()["error_type"].to_list()
    assert injected(made) == 3
    assert errors.count("WhatIf.DeliveredAgain") == 12
    assert made.records["succeeded"] == 12
    assert len(sent(made)) == 24


def test_a_crash_behind_an_effect_loses_the_answer_and_later_effects(trace):
    made = run(trace, "crash-after-effect:1", seed=2)

    crashed = made.outcomes().filter(made.outcomes()["error_type"] == "WhatIf.CrashAfterEffect")
    assert injected(made) == crashed["invocation_id"].n_unique() > 0
    assert made.records["succeeded"] == 12
    assert 12 < len(sent(made)) <= 24
    assert set(sent(made)) == set(sent(run(trace)))


def test_calls_and_invocations_are_throttled(trace):
    calls = run(trace, "throttle:0.3", queue_attributes={"RedrivePolicy": {"maxReceiveCount": 9}})
    invocations = run(trace, "throttle-invocation:1")

    told = calls.trace.sql(
        "select count(*) as n from effects where run_id = $id and answered_with like '%injected throttle%'",
        id=calls.run_id,
    )["n"][0]
    assert injected(calls) == told > 0
    assert "WhatIf.Throttled" in invocations.outcomes()["error_type"].to_list()
    assert sent(invocations) == sent(run(trace))


def test_batches_have_other_borders_and_other_orders(trace):
    split, dealt = run(trace, "split"), run(trace, "reorder")

    assert split.mapping["BatchSize"] < 4
    assert injected(dealt) > 0
    assert sent(split) == sent(dealt) == sent(run(trace))


def test_equal_seeds_strike_the_same(trace):
    asked = ("duplicate:0.4", "crash-after-effect:0.2")
    (a, b, other) = (run(trace, *asked, seed=seed) for seed in (5, 5, 6))

    told = [each.outcomes().drop("run_id", "duration_ms") for each in (a, b, other)]
    assert told[0].equals(told[1])
    assert not told[0].equals(told[2])


@pytest.mark.parametrize(
    "text", ["duplicates", "duplicate:2", "duplicate:", "duplicate:x", "split:0.5", "duplicate:0"]
)
def test_what_cannot_be_asked_is_said_in_one_line(text):
    with pytest.raises(UsageError, match="wanted"):
        WhatIf.parse(text)


def test_nothing_is_asked_twice_and_a_deaf_run_takes_no_effects(trace):
    with pytest.raises(UsageError, match="each what-if once"):
        Perturbation.of(["split", "split"])
    with pytest.raises(UsageError, match="AWS calls are heard"):
        replay(trace, lambda event, context: None, source="sqs:orders", what_if=["throttle"])
