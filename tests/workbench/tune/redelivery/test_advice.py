"""`tune.visibility` over captures whose truth is known: what is predicted, beside what happened."""

import json
import shlex

import numpy as np
import pytest

from connectors.record import Resource
from tests.factories import LOG_GROUP, T0
from tests.workbench.findings.traces import QUEUE, message, trace_of
from tests.workbench.trace.invoked import consumed_by, invoked, queue_attributes
from workbench.errors import UsageError
from workbench.trace import TraceWriter
from workbench.tune import visibility

DEAD = f"{QUEUE}-dlq"


def function(timeout: int) -> Resource:
    document = {
        "FunctionArn": "arn:aws:lambda:us-east-1:111111111111:function:charge",
        "FunctionName": "charge",
        "Timeout": timeout,
    }
    return Resource(LOG_GROUP, "get-function-configuration", T0, json.dumps(document))


def captured(folder, records, *resources):
    """A trace of these records and configuration answers."""
    trace = trace_of(folder, records)
    writer = TraceWriter(trace.path, "import", [], lambda: T0)
    writer.append_resources(list(resources))
    writer.close()
    return trace.refresh()


def story(slow: int, fast: int, crashed: int, poison: int, most: int = 5):
    """Messages of four kinds: late once, well at once, crashed once, failing `most` times; visibility 30 s."""
    records, number = [], 0
    for place in range(slow + fast + crashed + poison):
        start = place * 200.0
        kind = ["slow"] * slow + ["fast"] * fast + ["crashed"] * crashed + ["poison"] * poison
        attempts = {
            "slow": [(0, 40, None), (30, 2, None)],
            "fast": [(0, 2, None)],
            "crashed": [(0, 1, "ValueError: boom"), (30, 2, None)],
            "poison": [(30 * each, 1, "ValueError: bad") for each in range(most)],
        }[kind[place]]
        name = f"bbbbbbbb-0000-4000-8000-{place:012d}"
        sent = message(name, {"order": place}, start, count=len(attempts))
        if kind[place] != "poison":
            records.append(sent)
        else:
            records.append(message(name, {"order": place}, start, count=most + 1, queue=DEAD))
        for after, lasting, raised in attempts:
            number += 1
            records += invoked(
                number,
                f"took {name}",
                log_stream=f"2026/11/20/[$LATEST]{number:032x}",
                at=start + 0.1 + after,
                lasting=lasting,
                raised=raised,
            )
    return records


SET = (
    consumed_by(batch_size=1),
    queue_attributes(QUEUE, dead_letter=DEAD, receives=5),
    function(60),
)


@pytest.fixture(scope="module")
def advice(tmp_path_factory):
    """20 late, 70 well, 8 crashed once, 2 poison."""
    folder = tmp_path_factory.mktemp("visibility") / "t.trace"
    with captured(folder, story(20, 70, 8, 2), *SET) as trace:
        yield visibility(trace, "sqs:orders")


def at(advice, seconds, receives):
    (found,) = [
        each
        for each in advice.candidates
        if (each.visibility_timeout_s, each.max_receive_count) == (seconds, receives)
    ]
    return found


def test_the_document_is_plain_json_with_the_fields_that_programs_rely_on(advice):
    document = advice.document()

    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert {
        "source_arn", "observed", "current", "candidates", "recommended", "rule", "polling", "batching", "notes",
    } <= document.keys()  # fmt: skip
    assert document["current"]["visibility_timeout_s"] == 30
    assert document["current"]["max_receive_count"] == 5
    assert document["current"]["timeout_s"] == 60
    assert {
        "visibility_timeout_s", "max_receive_count", "extra_deliveries_per_message", "overlapping_per_message",
        "dead_letter_share", "seconds_to_retry_after_crash",
    } <= document["candidates"][0].keys()  # fmt: skip


def test_what_happened_is_told_apart_by_cause(advice):
    observed = advice.observed

    assert observed["invocations"] == 20 * 2 + 70 + 8 * 2 + 2 * 5
    assert observed["failed_invocations"] == 8 + 2 * 5
    assert observed["extra_deliveries_per_message"] == pytest.approx(0.20)
    assert observed["overlapping_per_message"] == pytest.approx(0.20)
    assert observed["retries_per_message"] == pytest.approx((8 + 2 * 4) / 100)
    assert observed["deliveries_per_message"] == pytest.approx(1.36)
    assert observed["dead_letters"] == 2


def test_the_prediction_for_the_current_setting_stands_beside_what_happened(advice):
    now = at(advice, 30.0, 5)
    late = 20 / 136

    assert now.over_visibility_share == pytest.approx(late)
    assert now.extra_deliveries_per_message == pytest.approx(late / (1 - late), rel=1e-3)
    assert now.overlapping_per_message == pytest.approx(now.extra_deliveries_per_message)
    assert now.dead_letter_share == pytest.approx(0.02, abs=0.001)
    assert now.deliveries_per_message == pytest.approx(
        advice.observed["deliveries_per_message"], rel=0.1
    )
    assert now.accepted_by_lambda is False


def test_a_timeout_above_the_functions_has_no_duplicates(advice):
    best = at(advice, 60.0, 5)

    assert best.extra_deliveries_per_message == 0
    assert best.over_visibility_high == 0
    assert best.accepted_by_lambda is True
    assert best.seconds_to_retry_after_crash == 60


def test_a_larger_receive_count_moves_fewer_healthy_messages_never_fewer_poison(advice):
    shares = [at(advice, 30.0, each).dead_letter_share for each in (3, 5, 10)]

    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0.0199


def test_the_rule_is_a_floor_and_the_advice_says_what_it_costs(advice):
    assert advice.rule["visibility_timeout_s"] == 360
    assert advice.recommended["visibility_timeout_s"] == 360
    assert advice.recommended["without_rule_s"] == 60
    assert any("waits 360 s" in note for note in advice.notes)


def test_the_change_is_a_command_that_aws_takes(advice):
    words = shlex.split(advice.recommended["change"])

    assert words[:3] == ["aws", "sqs", "set-queue-attributes"]
    assert words[4] == "https://sqs.us-east-1.amazonaws.com/111111111111/orders"
    attributes = json.loads(words[6])
    assert attributes["VisibilityTimeout"] == "360"
    assert json.loads(attributes["RedrivePolicy"]) == {
        "deadLetterTargetArn": DEAD,
        "maxReceiveCount": advice.recommended["max_receive_count"],
    }


def test_what_was_deleted_before_the_capture_does_not_make_the_rest_poison(tmp_path):
    kept = [each for each in story(0, 70, 0, 2) if each.source_arn != QUEUE]
    with captured(tmp_path / "t", kept, *SET) as trace:
        found = visibility(trace, "sqs:orders", visibility_timeout_s=60, max_receive_count=5)

    assert found.candidates[0].dead_letter_share == pytest.approx(2 / 72, abs=0.001)
    assert any("no captured message" in note for note in found.notes)


def test_the_frame_has_a_row_for_each_candidate(advice):
    frame = advice.to_frame()

    assert frame.height == len(advice.candidates)
    assert frame["max_receive_count"].is_sorted()


def test_the_rule_can_be_waived_down_to_the_function_timeout(tmp_path):
    with captured(tmp_path / "t", story(2, 20, 2, 0), *SET) as trace:
        waived = visibility(trace, "sqs:orders", waive_rule=True)

    assert waived.recommended["visibility_timeout_s"] == 60
    assert waived.rule["waived"] is True


def test_dear_waiting_makes_it_shorter_and_dear_duplicates_longer(tmp_path):
    records = []
    for number, lasting in enumerate(np.random.default_rng(5).exponential(3.0, 300)):
        records += invoked(number, at=number * 50.0, lasting=max(0.01, float(lasting)))
    setting = (consumed_by(), queue_attributes(QUEUE), function(2))
    with captured(tmp_path / "t", records, *setting) as trace:
        found = [
            visibility(
                trace,
                "sqs:orders",
                duplicate_cost_s=cost,
                waive_rule=True,
                timeout_s=2,
                poller_wait_s=0,
            ).recommended["visibility_timeout_s"]
            for cost in (0.001, 10.0, 100_000.0)
        ]

    assert found == sorted(found)
    assert found[0] < found[-1]


def test_a_window_makes_the_effective_visibility_longer(tmp_path):
    mapping = consumed_by()
    told = json.loads(mapping.document) | {"MaximumBatchingWindowInSeconds": 10}
    windowed = Resource(QUEUE, mapping.kind, T0, json.dumps(told))
    with captured(
        tmp_path / "t", story(0, 5, 0, 0), windowed, queue_attributes(QUEUE), function(25)
    ) as trace:
        found = visibility(trace, "sqs:orders", visibility_timeout_s=30, max_receive_count=5)

    assert found.candidates[0].effective_visibility_s == 65
    assert found.rule["visibility_timeout_s"] == 160


def test_without_reports_only_rules_and_prices_are_told(tmp_path):
    with captured(tmp_path / "t", [message("m-1", {}, 0)], *SET) as trace:
        found = visibility(trace, "sqs:orders")

    assert found.is_complete is False
    assert found.recommended["visibility_timeout_s"] == 360
    assert found.candidates[0].extra_deliveries_per_message is None
    assert any("no REPORT line" in note for note in found.notes)
    assert json.dumps(found.document(), allow_nan=False)


def test_without_configuration_the_advice_says_what_to_capture(tmp_path):
    with captured(tmp_path / "t", [message("m-1", {}, 0)]) as trace:
        found = visibility(trace, "sqs:orders")

    assert found.recommended is None
    assert found.is_complete is False
    for missing in (
        "get-event-source-mapping",
        "get-queue-attributes",
        "get-function-configuration",
    ):
        assert any(missing in note for note in found.notes)


def test_a_queue_that_its_function_emptied_is_known_by_its_configuration(tmp_path):
    records = [each for each in story(0, 5, 0, 0) if each.source_arn != QUEUE]
    with captured(tmp_path / "t", records, *SET) as trace:
        assert visibility(trace, "sqs:orders").observed["invocations"] == 5


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"source": "sqs:nobody"}, "sqs:nobody"),
        ({"source": "lambda:charge"}, "no visibility timeout"),
        ({"source": "sqs:orders", "visibility_timeout_s": 50_000}, "43,200"),
        ({"source": "sqs:orders", "visibility_timeout_s": 1.5}, "1.5"),
        ({"source": "sqs:orders", "max_receive_count": 0}, "1 to 1,000"),
        ({"source": "sqs:orders", "duplicate_cost_s": -1}, "cost"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(tmp_path, asked, found):
    with (
        captured(tmp_path / "t", story(0, 1, 0, 0), *SET) as trace,
        pytest.raises(UsageError, match=found) as refused,
    ):
        visibility(trace, **asked)

    assert "\n" not in str(refused.value)


def test_a_prediction_that_does_not_tell_what_happened_says_so(advice, tmp_path):
    assert 0.8 < advice.backtest["deliveries_ratio"] < 1.25
    assert not any("not independent" in note for note in advice.notes)
    assumed = queue_attributes(QUEUE, dead_letter=DEAD, receives=5, VisibilityTimeout="1")
    with captured(
        tmp_path / "t", story(20, 20, 0, 0), consumed_by(), assumed, function(60)
    ) as trace:
        wrong = visibility(trace, "sqs:orders")

    assert any("not independent" in note for note in wrong.notes)


def test_attempts_that_crash_count_towards_the_dead_letters(tmp_path):
    with captured(tmp_path / "t", story(0, 20, 10, 0), *SET) as trace:
        found = visibility(trace, "sqs:orders", 60, [1, 2])

    crashed = 10 / 40
    assert [each.dead_letter_share for each in found.candidates] == pytest.approx(
        [crashed, crashed**2]
    )


def test_the_recommendation_is_one_of_the_candidates(tmp_path):
    with captured(tmp_path / "t", story(0, 10, 30, 0), *SET) as trace:
        found = visibility(trace, "sqs:orders")

    best = found.recommended
    assert best["max_receive_count"] not in (3, 5, 10)
    assert at(found, best["visibility_timeout_s"], best["max_receive_count"])
