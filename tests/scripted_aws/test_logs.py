"""The scripted log group does what CloudWatch Logs does and no local server: so that a reader can be held to it."""

import json
import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError

from connectors.answers import ms_of
from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.faults import Fault, aws_error, one_by_one
from tests.scripted_aws.logs import ScriptedLogs, minutes

GROUP = "/aws/lambda/pay"


def asked(logs: ScriptedLogs, **more: Any) -> Any:
    now_ms = ms_of(logs.clock.now())
    window = {"logGroupName": GROUP, "startTime": now_ms - minutes(60), "endTime": now_ms}
    return logs.filter_log_events(**(window | more))


def whole(logs: ScriptedLogs, **more: Any) -> list[dict[str, Any]]:
    """Every page of a request; the clock moves a second between two."""
    found, token = [], {}
    window = {"endTime": ms_of(logs.clock.now()), "startTime": 0}
    while True:
        logs.clock.forward(seconds=1)
        answer = asked(logs, **window, **more, **token)
        found += answer["events"]
        if "nextToken" not in answer:
            return found
        token = {"nextToken": answer["nextToken"]}


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_event_has_the_members_that_aws_gives() -> None:
    logs = ScriptedLogs(VirtualClock())
    line = logs.put("hello", "stream")

    assert asked(logs)["events"] == [
        {
            "logStreamName": "stream",
            "timestamp": line.at_ms,
            "message": "hello",
            "ingestionTime": line.ingested_ms,
            "eventId": line.event_id,
        }
    ]


def test_a_late_event_is_shown_from_its_ingestion_on_under_its_own_time() -> None:
    logs = ScriptedLogs(VirtualClock())
    line = logs.put("late", late_ms=minutes(30))

    assert asked(logs)["events"] == []
    logs.clock.forward(minutes=31)
    [event] = asked(logs)["events"]
    assert (event["timestamp"], event["ingestionTime"] - event["timestamp"]) == (
        line.at_ms,
        minutes(30),
    )


def test_the_window_is_event_time_with_both_its_ends() -> None:
    logs = ScriptedLogs(VirtualClock())
    lines = [logs.put(str(ago), ago_ms=ago) for ago in (30, 20, 10)]
    window = {"startTime": lines[0].at_ms, "endTime": lines[1].at_ms}

    assert [event["message"] for event in asked(logs, **window)["events"]] == ["30", "20"]


def test_pages_hold_no_more_than_was_asked_for_and_a_megabyte() -> None:
    logs = ScriptedLogs(VirtualClock())
    for _ in range(5):
        logs.put("x" * 400_000)

    assert len(asked(logs)["events"]) == 2
    assert len(asked(logs, limit=1)["events"]) == 1
    assert len(whole(logs)) == 5


def test_streams_come_one_after_the_other_within_a_stretch_not_strictly_in_time() -> None:
    logs = ScriptedLogs(VirtualClock(), disorder_ms=minutes(60))
    for ago in range(9, 0, -1):
        logs.put(str(ago), f"s{ago % 2}", ago_ms=ago)

    assert [event["message"] for event in whole(logs, limit=2)] == list("864297531")


def test_an_empty_page_has_a_token_and_may_give_the_same_one_again() -> None:
    logs = ScriptedLogs(VirtualClock(), empties=2, repeats=2, calls_per_second=100)
    logs.put("x")
    token, tokens = {}, []
    while not (answer := asked(logs, **token))["events"]:
        tokens.append(answer["nextToken"])
        token = {"nextToken": tokens[-1]}

    assert [tokens.count(name) for name in dict.fromkeys(tokens)] == [3, 1]


def test_a_token_lives_a_day_and_belongs_to_its_window() -> None:
    logs = ScriptedLogs(VirtualClock())
    logs.put("a"), logs.put("b")
    window = {"startTime": 0, "endTime": ms_of(logs.clock.now())}
    token = asked(logs, limit=1, **window)["nextToken"]

    with pytest.raises(ClientError) as other:
        asked(logs, nextToken=token, startTime=1)
    logs.clock.forward(hours=25)
    with pytest.raises(ClientError) as stale:
        asked(logs, nextToken=token, **window)
    assert code(other) == code(stale) == "InvalidParameterException"


def test_equal_events_are_two_with_two_ids() -> None:
    logs = ScriptedLogs(VirtualClock())
    logs.put("same"), logs.put("same")

    first, second = asked(logs)["events"]
    assert first.pop("eventId") != second.pop("eventId")
    assert first == second


def test_the_quota_is_the_accounts_so_other_readers_use_it_up() -> None:
    logs = ScriptedLogs(VirtualClock(), calls_per_second=5)
    logs.other_reader(calls=5)

    with pytest.raises(ClientError) as refused:
        asked(logs)
    assert code(refused) == "ThrottlingException"
    logs.clock.forward(seconds=1)
    assert asked(logs)["events"] == []


def test_a_page_that_carries_a_poisoned_event_arrives_empty() -> None:
    logs = ScriptedLogs(VirtualClock())
    logs.put("good")
    logs.state.poison = {logs.put("bad").event_id}

    assert asked(logs) == {}
    assert len(asked(logs, limit=1)["events"]) == 1


def test_retention_takes_old_events_and_a_deletion_takes_the_group() -> None:
    logs = ScriptedLogs(VirtualClock(), retention_days=1)
    logs.put("old"), logs.clock.forward(hours=25)

    assert asked(logs, startTime=0)["events"] == []
    assert logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0][
        "retentionInDays"
    ] == (1)
    logs.state.deleted = True
    with pytest.raises(ClientError) as gone:
        asked(logs)
    assert code(gone) == "ResourceNotFoundException"
    assert logs.describe_log_groups()["logGroups"] == []


def test_a_fault_takes_the_place_of_an_answer() -> None:
    fault = Fault(error=aws_error("ServiceUnavailableException"))
    logs = ScriptedLogs(VirtualClock(), faults=one_by_one([fault]))

    with pytest.raises(ClientError):
        asked(logs)
    assert asked(logs)["events"] == []


def test_what_it_remembers_can_be_served_from_another_process() -> None:
    logs = ScriptedLogs(VirtualClock())
    logs.put(json.dumps({"a": 1}))
    asked(logs)

    assert pickle.loads(pickle.dumps(logs.state)) == logs.state  # noqa: S301 - our own bytes
