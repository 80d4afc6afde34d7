"""Event patterns as AWS takes, refuses and matches them: recorded answers first, then what the guides say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.patterns import PatternError, check_pattern, mapping_admits, matches

REASON = "Event pattern is not valid. Reason: "


def json5(text: str) -> Any:
    """The recordings have comments, and commas before a closing bracket."""
    plain = re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*', lambda found: found[1] or "", text)
    return json.loads(
        re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', lambda found: found[1] or "", plain)
    )


@pytest.fixture(scope="module")
def recorded(shared_events: Path) -> dict[str, dict[str, Any]]:
    folder = shared_events / "localstack" / "event-patterns"
    return {path.stem: json5(path.read_text("utf-8")) for path in sorted(folder.glob("*.json5"))}


def test_everything_that_matched_at_aws_matches_and_nothing_else(
    recorded: dict[str, dict[str, Any]],
) -> None:
    taken = {name: each for name, each in recorded.items() if not name.endswith("_EXC")}

    found = {name: matches(each["EventPattern"], each["Event"]) for name, each in taken.items()}

    assert found == {name: not name.endswith("_NEG") for name in taken}
    assert len(taken) > 50


def test_a_large_pattern_with_many_keys_matches_its_large_event(shared_events: Path) -> None:
    folder = shared_events / "localstack" / "event-patterns"
    texts = [
        (folder / f"complex_multi_key_event{more}.json").read_text("utf-8")
        for more in ("_pattern", "")
    ]

    assert matches(*texts)


def test_everything_that_aws_refused_is_refused_with_its_words(
    recorded: dict[str, dict[str, Any]], shared_events: Path
) -> None:
    told = json.loads(
        (
            shared_events / "localstack" / "event-patterns" / "test_events_patterns.snapshot.json"
        ).read_text("utf-8")
    )
    words = {
        name: answer["exception_message"]["Error"]["Message"]
        for each in told.values()
        for name, answer in each["recorded-content"].items()
        if name.endswith("_EXC") and "exception_message" in answer
    }

    found = {
        name: check_pattern(recorded[name]["EventPattern"]) for name in words if name in recorded
    }

    assert found == {name: [words[name]] for name in found}
    assert len(found) > 20


def test_every_recorded_pattern_that_was_taken_is_taken(
    recorded: dict[str, dict[str, Any]],
) -> None:
    taken = {name: each for name, each in recorded.items() if not name.endswith("_EXC")}

    assert {name: check_pattern(each["EventPattern"]) for name, each in taken.items()} == {
        name: [] for name in taken
    }


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[1]", "Filter is not an object"),
        ("{", "not valid JSON"),
        ({}, "Empty objects are not allowed"),
        ({"a": {}}, "Empty objects are not allowed"),
        ({"a": [[1]]}, "Match value must be String, number, true, false, or null"),
        ({"a": [{}]}, "Match expression name not found"),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, "Only one key allowed in match expression"),
        ({"a": [{"exists": "yes"}]}, "exists match pattern must be either true or false."),
        ({"$or": {"a": [1]}}, "It must be an Array followed with $or."),
        ({"$or": [{"a": [1]}]}, "There must have at least 2 Objects in $or relationship."),
        ({"$or": [{"a": [1]}, 2]}, "Only JSON object is allowed in array of $or relationship."),
        ({"$or": [{"a": [1]}, {"prefix": ["x"]}]}, "prefix is Ruler reserved fieldName"),
        ({"a": [{"anything-but": ["x", 1]}]}, "mixed type is not supported"),
        ({"a": [{"anything-but": {"exists": True}}]}, "Unsupported anything-but pattern: exists"),
        ({"a": [{"wildcard": "a\\b"}]}, "Invalid escape character at pos 2"),
        ({"a": [{"cidr": "10.0.0.0/32"}]}, "IPv4 mask bits must be < 32"),
        ({"a": [{"numeric": ["=", 10**12]}]}, "Value must be between"),
    ],
)
def test_what_cannot_be_a_pattern_is_refused_with_the_reason(pattern: Any, reason: str) -> None:
    (problem,) = check_pattern(pattern)

    assert problem.startswith(REASON)
    assert reason in problem
    with pytest.raises(PatternError, match=re.escape(reason)):
        matches(pattern, {})


def test_a_pattern_of_a_deployed_rule_is_not_refused_for_its_size() -> None:
    pattern = {"a": [str(n) for n in range(2_000)]}

    assert check_pattern(pattern) == [REASON + "longer than 4,096 characters"]
    assert matches(pattern, {"a": "1999"})


def test_a_mapping_takes_fewer_operators_than_a_bus() -> None:
    turned = {"body": {"state": [{"anything-but": {"prefix": "init"}}]}}

    assert check_pattern(turned) == []
    assert check_pattern(turned, dialect="mapping") == [
        "Invalid filter pattern definition. (anything-but takes no prefix in event source mappings)"
    ]
    assert check_pattern({"data": ["x"]}, dialect="mapping", service="aws:kinesis") == [
        "Invalid filter pattern definition. (data must be an object: its records hold JSON)"
    ]
    assert check_pattern({"body": ["x"]}, dialect="mapping", service="aws:sqs") == []


def filters(*patterns: Any) -> str:
    return json.dumps({"Filters": [{"Pattern": json.dumps(each)} for each in patterns]})


JSON_FILTER, PLAIN_FILTER = {"body": {"state": ["paid"]}}, {"body": ["paid"]}


@pytest.mark.parametrize(
    ("pattern", "body", "admitted"),
    [
        (JSON_FILTER, b'{"state": "paid"}', True),
        (JSON_FILTER, b'{"state": "open"}', False),
        (JSON_FILTER, b"paid", False),
        (JSON_FILTER, b'{"state": "paid"', False),
        (PLAIN_FILTER, b'{"state": "paid"}', False),
        (PLAIN_FILTER, b"paid", True),
        (PLAIN_FILTER, b"open", False),
        (PLAIN_FILTER, b"\xff", False),
        ({"body": {"state": [{"exists": False}]}}, b"paid", False),
        ({"body": [{"exists": False}]}, b'{"state": "paid"}', False),
        (PLAIN_FILTER, b'"paid"', None),
        (JSON_FILTER, b"17", None),
        ({"messageId": ["m1"]}, b"paid", None),
        ({"body": {"$or": [{"state": ["paid"]}, {"sum": [1]}]}}, b'{"sum": 1.0}', True),
    ],
)
def test_format_of_body_and_of_filter_must_agree(
    pattern: Any, body: bytes, admitted: bool | None
) -> None:
    assert mapping_admits(filters(pattern), "aws:sqs", body) is admitted


def test_filters_of_a_mapping_are_alternatives_and_none_lets_everything_through() -> None:
    either = filters(JSON_FILTER, {"body": {"sum": [{"numeric": [">", 9]}]}})

    assert mapping_admits(either, "aws:sqs", b'{"sum": 10}') is True
    assert mapping_admits('{"Filters": []}', "aws:sqs", b"\xff") is True
    assert mapping_admits(filters(JSON_FILTER, {"messageId": ["m"]}), "aws:sqs", b"x") is None
    assert (
        mapping_admits(filters(JSON_FILTER, {"messageId": ["m"]}), "aws:sqs", b'{"state": "paid"}')
        is True
    )


@pytest.mark.parametrize(
    "criteria", ["", "[]", "1", '{"Filters": 1}', '{"Filters": [1]}', filters({"a": 1})]
)
def test_criteria_that_cannot_be_read_tell_nothing(criteria: str) -> None:
    assert mapping_admits(criteria, "aws:sqs", b"{}") is None


def test_data_of_a_stream_stands_at_the_top_and_an_aggregate_tells_nothing() -> None:
    criteria = filters({"data": {"order": {"type": ["buy"]}}})

    assert mapping_admits(criteria, "aws:kinesis", b'{"order": {"type": "buy"}}') is True
    assert mapping_admits(criteria, "aws:kinesis", b"buy") is False
    assert mapping_admits(criteria, "aws:kinesis", b"\xf3\x89\x9a\xc2packed") is None


def test_a_change_is_filtered_by_its_name_and_its_images_whose_numbers_are_text() -> None:
    body = b'{"Keys": {"id": {"S": "1"}}, "NewImage": {"sum": {"N": "300"}}}'
    envelope = '{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1"}}'

    def admitted(pattern: Any) -> bool | None:
        return mapping_admits(filters(pattern), "aws:dynamodb", body, envelope)

    assert admitted({"eventName": ["INSERT"]}) is True
    assert admitted({"eventName": ["REMOVE"]}) is False
    assert admitted({"dynamodb": {"NewImage": {"sum": {"N": ["300"]}}}}) is True
    assert admitted({"dynamodb": {"NewImage": {"sum": {"N": [{"numeric": ["=", 300]}]}}}}) is False
    assert admitted({"dynamodb": {"SequenceNumber": ["1"]}}) is True


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")),
)
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)
ANY_PATTERN = st.dictionaries(
    st.sampled_from(["a", "b", "$or", "a.b"]),
    st.recursive(
        st.lists(
            SCALARS
            | st.dictionaries(
                st.sampled_from(
                    ["prefix", "numeric", "anything-but", "exists", "cidr", "wildcard"]
                ),
                JSONS,
                max_size=2,
            ),
            max_size=3,
        ),
        lambda inner: (
            st.dictionaries(st.sampled_from(["a", "b", "$or"]), inner, max_size=2)
            | st.lists(inner, max_size=2)
        ),
        max_leaves=6,
    ),
)


@given(ANY_PATTERN, st.dictionaries(st.sampled_from(["a", "b"]), JSONS))
def test_whatever_is_asked_of_whatever_event_gets_an_answer_or_a_reason(
    pattern: Any, event: Any
) -> None:
    if problems := check_pattern(pattern):
        assert all(problem.startswith(REASON) for problem in problems)
    else:
        assert matches(pattern, event) in (True, False)


@given(st.dictionaries(st.sampled_from(["a", "b"]), SCALARS, min_size=1))
def test_an_event_matches_the_pattern_that_lists_its_own_values(event: dict[str, Any]) -> None:
    assert matches({name: [value] for name, value in event.items()}, event)
    assert matches(json.dumps({name: [value] for name, value in event.items()}), json.dumps(event))
