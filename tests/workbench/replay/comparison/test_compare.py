"""What a person learns from two runs: what differs, how often, and that nothing is said of what does not."""

import json

import orjson
import pytest

from tests.workbench.replay.comparison.runs import Told, add, put, rows, trace_of
from workbench.errors import UsageError
from workbench.replay import compare
from workbench.trace import open_trace

HOSTILE = (
    "NaN",
    "[" * 5_000,
    '"\\ud800"',
    '{"a.b": {"\'": [null]}}',
    '{"$": 1}',
    "9" * 5_000,
    "oops",
    "",
)


def old(number, **more):
    return Told(
        [f"m{number:02}"],
        {"total": number, "at": f"REQUEST {number}"},
        calls=[put(f"b{number}")],
        **more,
    )


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """An old run, the same code again (its clock goes on), and a new one: other totals, one message sent twice."""
    stamped = [
        Told([f"m{n:02}"], {"total": n, "at": n}, calls=[put(json.dumps({"n": n, "at": n}))])
        for n in range(20)
    ]
    again = [
        Told([f"m{n:02}"], {"total": n, "at": -n - 1}, calls=[put(json.dumps({"n": n, "at": -n}))])
        for n in range(20)
    ]
    new = [
        Told(
            [f"m{n:02}"],
            {"total": n + 1, "at": n + 100},
            error="KeyError: 'x'" if n == 19 else None,
            calls=[put(json.dumps({"n": n, "at": n + 100}))] * (2 if n == 3 else 1),
        )
        for n in range(20)
    ]
    with trace_of(
        tmp_path_factory.mktemp("runs") / "t.trace", old=stamped, again=again, new=new
    ) as trace:
        yield trace


def fields(found):
    return {each["field"]: each["count"] for each in found.document()["differences"]}


def test_a_run_does_not_differ_from_itself(trace):
    for run in ("old", "again", "new"):
        found = compare(run, run, trace).document()
        assert (found["differing"], found["differences"]) == (0, [])
        assert found["effects"] == {"missing": 0, "extra": 0, "changed": 0, "reordered": 0}
        assert found["invocations"]["differing"] == 0


def test_what_differs_is_told_by_field(trace):
    found = compare("old", "new", trace)
    assert fields(found) == {
        "$.at": 19,
        "$.total": 19,
        "effects.sqs.SendMessage.MessageBody.$.at": 20,
        "error": 1,
        "effects.sqs.SendMessage": 1,
    }
    assert found.document()["effects"] == {"missing": 0, "extra": 1, "changed": 20, "reordered": 0}
    assert found.document()["changes"][0]["error_b"] == "KeyError: 'x'"


def test_what_differs_of_itself_is_left_out_and_said_to_be(trace):
    found = compare("old", "new", trace, again="again")
    assert fields(found) == {"$.total": 19, "error": 1, "effects.sqs.SendMessage": 1}
    hidden = {each["field"] for each in found.document()["noise"]["hidden"]}
    assert hidden == {"$.at", "effects.sqs.SendMessage.MessageBody.$.at"}
    assert found.document()["changes"][0]["noise"] == 0


def test_what_does_not_count_is_left_out(trace):
    ignore = ["$.at", "effects..MessageBody.$.at", "error"]
    found = compare("old", "new", trace, ignore=ignore)
    assert fields(found) == {"$.total": 19, "effects.sqs.SendMessage": 1}
    assert found.document()["ignored"] == ignore


def test_a_place_that_is_none_is_refused(trace):
    with pytest.raises(UsageError, match="headers"):
        compare("old", "new", trace, ignore=["headers"])


def test_either_side_tells_the_same(trace):
    there, back = compare("old", "new", trace).document(), compare("new", "old", trace).document()
    assert sorted(
        (each["field"], each["value_b"] or "", each["value_a"] or "", each["count"])
        for each in back["differences"]
    ) == sorted(
        (each["field"], each["value_a"] or "", each["value_b"] or "", each["count"])
        for each in there["differences"]
    )
    assert there["differing"] == back["differing"]


def test_counts_of_groups_are_all_that_differs_and_each_record_finds_its_own(trace):
    found = compare("old", "new", trace)
    frame = found.differences()
    assert frame.height == sum(fields(found).values())
    mine = frame.explode("record_ids").filter(record_ids="m03")["field"].to_list()
    assert sorted(mine) == [
        "$.at",
        "$.total",
        "effects.sqs.SendMessage",
        "effects.sqs.SendMessage.MessageBody.$.at",
    ]


def test_the_document_is_json_and_says_the_same_every_time(trace):
    first, second = (
        orjson.dumps(compare("old", "new", trace, again="again").document()) for _ in "ab"
    )
    assert first == second


def test_no_response_breaks_it(tmp_path):
    told = [Told([f"m{n}"], text=text or "") for n, text in enumerate(HOSTILE)]
    other = [Told([f"m{n}"], {"a": 1}) for n in range(len(HOSTILE))]
    with trace_of(tmp_path / "t.trace", a=told, b=other) as trace:
        assert compare("a", "a", trace).document()["differences"] == []
        found = compare("a", "b", trace)
        orjson.dumps(found.document())
        assert found.differences().height >= len(HOSTILE)


def test_rows_in_another_order_change_nothing(tmp_path):
    told = [Told([f"m{n:02}"], {"n": n}, calls=[put(n), put(-n)]) for n in range(9)]
    other = rows("b", [Told([f"m{n:02}"], {"n": n % 3}, calls=[put(n)]) for n in range(9)])
    mixed = {name: table.take(list(range(table.num_rows))[::-1]) for name, table in other.items()}
    documents = []
    for name, tables in (("straight", other), ("mixed", mixed)):
        add(tmp_path / name, rows("a", told), tables)
        with open_trace(tmp_path / name) as trace:
            documents.append(compare("a", "b", trace).document())
    assert documents[0] == documents[1]


def test_a_slower_handler_is_found_out_and_cold_starts_do_not_count(tmp_path):
    quick = [Told([f"m{n:02}"], duration_ms=10 + n % 5) for n in range(60)]
    slow = [Told([f"m{n:02}"], duration_ms=30 + n % 5) for n in range(60)]
    quick[0] = Told(["m00"], duration_ms=9_000, cold=True)
    with trace_of(tmp_path / "t.trace", a=quick, b=slow) as trace:
        found = compare("a", "b", trace).document()["duration"]
        same = compare("a", "a", trace).document()["duration"]
    assert found["invocations_a"] == 59
    assert found["p50"]["changed"]
    assert not same["p50"]["changed"]


def test_effects_are_null_where_nobody_listened(tmp_path):
    add(tmp_path / "t.trace", rows("a", [old(1)], heard=False), rows("b", [old(1)]))
    with open_trace(tmp_path / "t.trace") as trace:
        assert compare("a", "b", trace).document()["effects"] is None
