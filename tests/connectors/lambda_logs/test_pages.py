"""One page: checked before use, and where the pass is after it."""

from typing import Any

import pytest

from connectors.errors import CorruptAnswerError
from connectors.lambda_logs.pages import LogPage, ask_page
from connectors.lambda_logs.position import LogPass
from tests.scripted_aws.faults import aws_error

EVENT = {"timestamp": 5, "message": "m", "logStreamName": "s", "eventId": "e"}


class Answering:
    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, dict[str, Any]()

    def filter_log_events(self, **asked: Any) -> Any:
        self.asked = asked
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def running(**more: Any) -> LogPass:
    return LogPass(
        **({"began_ms": 9, "to_ms": 9, "windows": ((0, 4), (5, 9)), "counted": {}} | more)
    )


def page(answer: Any, **more: Any) -> LogPage:
    found = ask_page(Answering(answer), "g", "events", running(**more), 100)
    assert found is not None
    return found


def test_it_asks_for_the_first_window_from_where_the_pass_is() -> None:
    client = Answering({"events": []})
    ask_page(client, "g", "events", running(token="t", limit=7), 100)

    assert client.asked == {
        "logGroupName": "g",
        "startTime": 0,
        "endTime": 4,
        "limit": 7,
        "nextToken": "t",
    }


def test_a_token_goes_on_in_the_window_none_goes_on_to_the_next() -> None:
    assert page({"events": [EVENT], "nextToken": "t"}).running.windows == ((0, 4), (5, 9))
    assert page({"events": [EVENT]}, token="t").running == running(windows=((5, 9),))


def test_after_a_good_page_twice_as_much_is_asked_for() -> None:
    after = [page({"events": [], "nextToken": "t"}, limit=n).running.limit for n in (1, 25, 50)]

    assert after == [2, 50, None]


def test_an_event_without_an_id_gets_one_and_equal_ones_two() -> None:
    bare = {name: value for name, value in EVENT.items() if name != "eventId"}
    first, second = page({"events": [bare, dict(bare)]}).events

    assert first["eventId"] != second["eventId"]
    assert page({"events": [bare]}).events[0]["eventId"] == first["eventId"]


def test_a_token_that_aws_forgot_is_no_error_until_it_is_too_often() -> None:
    stale = Answering(aws_error("InvalidParameterException", "FilterLogEvents"))

    assert ask_page(stale, "g", "events", running(token="t"), 100) is None
    with pytest.raises(CorruptAnswerError, match="forgets"):
        ask_page(stale, "g", "events", running(token="t", forgotten=3), 100)


@pytest.mark.parametrize("member", ["timestamp", "message", "logStreamName"])
def test_an_event_without_a_member_that_aws_always_sends_is_damaged(member: str) -> None:
    broken = {name: value for name, value in EVENT.items() if name != member}
    with pytest.raises(CorruptAnswerError, match=member):
        page({"events": [EVENT, broken]})
