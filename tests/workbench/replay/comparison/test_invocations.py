"""Invocations meet by the records they were given; what a run makes up for itself is no difference."""

import pytest

from tests.workbench.replay.comparison.runs import Told, put, trace_of
from workbench.replay.comparison import invocations
from workbench.replay.comparison.invocations import compare_invocations
from workbench.replay.comparison.places import spelled


@pytest.fixture
def between(tmp_path):
    def compared(a, b, *, with_calls=True):
        with trace_of(tmp_path / "t.trace", a=a, b=b) as trace:
            return compare_invocations(trace, "a", "b", lambda place: False, with_calls=with_calls)

    return compared


def named(found):
    return [(spelled(each.place), each.change, each.record_ids) for each in found.differences]


def test_equal_runs_do_not_differ_whatever_their_order(between):
    told = [Told([f"m{n}"], {"n": n}, calls=[put(f"b{n}")]) for n in range(9)]
    found = between(told, told[::-1])
    assert named(found) == []
    assert (found.pairs.height, found.alone_a, found.alone_b) == (9, 0, 0)


def test_a_response_differs_for_the_records_it_was_for(between):
    found = between(
        [Told(["m1", "m2"], {"n": 1}), Told(["m3"])], [Told(["m1", "m2"], {"n": 2}), Told(["m3"])]
    )
    assert named(found) == [("$.n", "changed", ("m1", "m2"))]


def test_an_error_is_one_difference_and_not_also_a_missing_response(between):
    found = between(
        [
            Told(["m1"], error="ValueError: x"),
            Told(["m2"], {"n": 1}),
            Told(["m3"], error="ValueError: x"),
        ],
        [
            Told(["m1"], {"n": 1}),
            Told(["m2"], error="KeyError: y"),
            Told(["m3"], error="KeyError: y"),
        ],
    )
    assert sorted(each[:2] for each in named(found)) == [
        ("error", "added"),
        ("error", "changed"),
        ("error", "removed"),
    ]


def test_the_second_time_meets_the_second_time(between):
    twice = [Told(["m1"], error="ValueError: x"), Told(["m1"], {"n": 1})]
    found = between(twice, [twice[0], Told(["m1"], {"n": 2})])
    assert named(found) == [("$.n", "changed", ("m1",))]


def test_what_a_run_makes_up_is_no_difference(between):
    answer = {"MessageId": "REQUEST-1", "MD5OfMessageBody": "x"}
    told = Told(
        ["m1"],
        {"request": "REQUEST", "sent": "REQUEST-1"},
        calls=[(*put("REQUEST"), answer), put({"id": "REQUEST-1"})],
    )
    assert named(between([told], [told])) == []


def test_what_a_run_makes_up_is_no_difference_beside_one(between):
    def told(n):
        calls = [(*put("REQUEST"), {"MessageId": f"{n}0000000-REQUEST"})]
        response = {"request": "REQUEST", "sent": f"{n}0000000-REQUEST", "n": n}
        return Told(["m1"], response, calls=calls)

    assert named(between([told(1)], [told(2)])) == [("$.n", "changed", ("m1",))]


def test_a_call_more_of_another_operation_gives_no_other_name_to_an_id(between):
    call = (*put("x"), {"MessageId": "REQUEST-1"})
    more = ("sns", "Publish", {"TopicArn": "t"}, {"MessageId": "REQUEST-2"})
    a, b = (Told(["m1"], {"sent": "REQUEST-1"}, calls=calls) for calls in ([call], [more, call]))
    assert named(between([a], [b])) == [("effects.sns.Publish", "added", ("m1",))]


def test_many_ids_are_named_in_one_pass(between):
    calls = [(*put(str(n)), {"MessageId": f"{n:08}"}) for n in range(50)]
    other = [(*put(str(n)), {"MessageId": f"{n + 500:08}"}) for n in range(50)]
    a = Told(["m1"], {"sent": [f"{n:08}" for n in range(50)], "by": "REQUEST"}, calls=calls)
    b = Told(["m1"], {"sent": [f"{n + 500:08}" for n in range(50)], "by": "REQUEST"}, calls=other)
    assert named(between([a], [b])) == []


def test_ids_from_answers_that_are_swapped_are_a_difference(between):
    answers = [{"MessageId": "REQUEST-1"}, {"MessageId": "REQUEST-2"}]
    calls = [(*put(str(n)), answer) for n, answer in enumerate(answers)]
    a, b = (Told(["m1"], {"sent": f"REQUEST-{n}"}, calls=calls) for n in (1, 2))
    assert named(between([a], [b])) == [("$.sent", "changed", ("m1",))]


def test_what_was_batched_otherwise_is_compared_by_its_calls(between):
    a = [Told(["m1", "m2"], calls=[put("1"), put("2")]), Told(["m3"], calls=[put("3")])]
    b = [
        Told(["m1"], calls=[put("1")]),
        Told(["m2"], calls=[put("2")]),
        Told(["m3"], calls=[put("3")]),
    ]
    found = between(a, b)
    assert named(found) == []
    assert (found.alone_a, found.alone_b, found.sets_batched_otherwise) == (1, 2, 1)


def test_a_call_too_many_is_told_with_the_records_of_its_set(between):
    a = [Told(["m1", "m2"], calls=[put("1"), put("2")]), Told(["m3", "m4"])]
    sent = {1: [put("1")], 2: [put("2"), put("2")]}
    b = [Told([f"m{n}"], calls=sent.get(n, ())) for n in (1, 2, 3, 4)]
    assert named(between(a, b)) == [("effects.sqs.SendMessage", "added", ("m1", "m2"))]


def test_calls_that_nobody_listened_to_are_not_compared(between):
    assert named(between([Told(["m1"], calls=[put("1")])], [Told(["m1"])], with_calls=False)) == []


def test_slices_find_what_the_whole_does(between, monkeypatch):
    monkeypatch.setattr(invocations, "SLICE_BYTES", 1)
    found = between(
        [Told([f"m{n}"], {"n": n}) for n in range(7)],
        [Told([f"m{n}"], {"n": -1}) for n in range(7)],
    )
    assert len(found.differences) == 7
