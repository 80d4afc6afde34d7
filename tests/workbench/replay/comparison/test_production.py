"""A run beside production: what the logs tell, and nothing where they tell nothing."""

import json
from collections.abc import Sequence

import pytest

from connectors.record import Record
from tests.factories import ACCOUNT, LOG_GROUP, QUEUE, sqs_message, write_trace
from tests.workbench.replay.comparison.runs import Told, add, rows
from tests.workbench.trace.invoked import consumed_by, invoked, printed, queue_attributes, request
from workbench.errors import UsageError
from workbench.replay import compare
from workbench.trace import open_trace

DLQ = f"arn:aws:sqs:{ACCOUNT}:orders-dlq"
BOOM = "ValueError: cannot charge order %d"
NAMES = (
    "fixed",
    "fine",
    "broken",
    "failing alike",
    "failing otherwise",
    "unlogged",
    "tried twice",
    "dead",
    "referred to",
)
M = {name: sqs_message(number) for number, name in enumerate(NAMES)}
FIRST, SECOND, *_ = M.values()
RUN = {"broken": "KeyError: 'x'", "failing alike": BOOM % 3, "failing otherwise": "KeyError: 'x'"}


def had(number, message, at=None, **more):
    log_stream = f"s{number}"
    return invoked(
        number, f"got {message.record_id}", at=at or 5 * number, log_stream=log_stream, **more
    )


def ran(**errors: str | None):
    told = [Told([each.record_id], error=errors.get(name)) for name, each in M.items()]
    return rows("run", told)


def written(folder, run, *groups: Sequence[Record], resources):
    records = [*M.values(), *(each for one in groups for each in one)]
    write_trace(folder, records, resources).close()
    add(folder, run)
    return open_trace(folder)


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """One record a story, each told by its name."""
    logs = [
        had(1, M["fixed"], raised=BOOM % 17),
        had(2, M["fine"]),
        had(3, M["broken"]),
        had(4, M["failing alike"], raised=BOOM % 99),
        had(5, M["failing otherwise"], raised=BOOM % 99),
        had(6, M["tried twice"], raised=BOOM % 1),
        had(7, M["tried twice"], at=90),
        [sqs_message(NAMES.index("dead"), queue=DLQ)],
        invoked(9, f"previous message was {M['referred to'].record_id}", at=99),
    ]
    resources = [consumed_by(), queue_attributes(QUEUE, dead_letter=DLQ)]
    folder = tmp_path_factory.mktemp("production") / "t.trace"
    with written(folder, ran(**RUN), *logs, resources=resources) as trace:
        yield trace


@pytest.fixture(scope="module")
def found(trace):
    return compare("run", "production", trace)


def fates(found):
    names = {each.record_id: name for name, each in M.items()}
    return {
        names[row["record_id"]]: (row["verdict_a"], row["verdict_b"])
        for row in found.to_frame().to_dicts()
    }


def changed(found):
    names = {each.record_id: name for name, each in M.items()}
    return {names[each] for change in found.document()["changes"] for each in change["examples"]}


@pytest.mark.parametrize(
    ("name", "replayed", "in_production"),
    [
        ("fixed", "succeeded", "failed"),
        ("fine", "succeeded", "succeeded"),
        ("broken", "failed", "succeeded"),
        ("failing alike", "failed", "failed"),
        ("failing otherwise", "failed", "failed"),
        ("unlogged", "succeeded", None),
        ("tried twice", "succeeded", "succeeded"),
        ("dead", "succeeded", "dead_lettered"),
        ("referred to", "succeeded", None),
    ],
)
def test_the_fate_in_production_is_what_the_trace_tells(found, name, replayed, in_production):
    assert fates(found)[name] == (replayed, in_production)


def test_what_fares_otherwise_is_told_and_what_is_not_known_is_not(found):
    assert changed(found) == {"fixed", "broken", "failing otherwise", "dead"}
    fixed = next(
        each for each in found.document()["changes"] if M["fixed"].record_id in each["examples"]
    )
    assert fixed["error_b"] == "ValueError: cannot charge order #"


def test_the_other_way_round_it_is_the_same(found, trace):
    back = compare("production", "run", trace)
    assert (back.run_a, back.run_b) == ("production", "run")
    assert fates(back) == {name: pair[::-1] for name, pair in fates(found).items()}
    assert changed(back) == changed(found)


def test_how_much_is_known_is_said_with_what_was_read(found):
    told = found.document()["production"]
    assert (told["known"], told["unknown"]) == (7, 2)
    (coverage,) = told["coverage"]
    assert coverage["log_group"] == LOG_GROUP
    assert coverage["from_at"] < coverage["to_at"]


def test_requests_are_counted_and_less_certain_ones_only_where_they_are_asked_for(found, trace):
    attempts = dict(zip(NAMES, found.to_frame()["attempts_b"], strict=True))
    assert (attempts["tried twice"], attempts["referred to"]) == (2, 0)
    assert fates(compare("run", "production", trace, min_certainty=0.5))["referred to"] == (
        "succeeded",
        "succeeded",
    )


def test_durations_and_memory_of_production_are_shown(found):
    assert found.document()["duration"]["p50"]["b_ms"] == 1000
    assert found.document()["production"]["max_memory_mb"] == 64


def test_no_logs_at_all_is_said_as_coverage(tmp_path):
    with written(tmp_path / "t.trace", ran(), resources=[consumed_by()]) as trace:
        told = compare("run", "production", trace).document()["production"]
    assert (told["known"], told["unknown"]) == (0, len(M))
    assert told["coverage"] == [
        {"log_group": LOG_GROUP, "from_at": None, "to_at": None, "holes": 0}
    ]


@pytest.mark.parametrize(("partial", "fate"), [(True, None), (False, "succeeded")])
def test_a_request_that_ended_well_but_may_have_named_the_record_is_unknown(
    tmp_path, partial, fate
):
    words = {
        "level": "ERROR",
        "message": f"record {FIRST.record_id} refused",
        "requestId": request(1),
    }
    logs = invoked(1, printed(FIRST, SECOND), json.dumps(words), at=5)
    resources = [consumed_by(partial=partial)]
    with written(tmp_path / "t.trace", ran(), logs, resources=resources) as trace:
        told = fates(compare("run", "production", trace))
    assert (told["fixed"][1], told["fine"][1]) == (fate, "succeeded")


def test_two_functions_in_which_it_fared_differently_leave_it_unknown(tmp_path):
    other = LOG_GROUP.replace("charge", "ship")
    logs = [*had(1, FIRST), *had(2, FIRST, raised=BOOM % 1, group=other)]
    resources = [consumed_by(), consumed_by("ship")]
    with written(tmp_path / "t.trace", ran(), logs, resources=resources) as trace:
        assert fates(compare("run", "production", trace))["fixed"] == ("succeeded", None)


def test_production_has_no_noise_run(trace):
    with pytest.raises(UsageError, match="production"):
        compare("run", "production", trace, again="run")
