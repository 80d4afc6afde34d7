"""Views share what is selected; each leaves out its own condition; nothing that a value contains becomes SQL."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import QUEUE, T0, instant, sqs_message
from tests.workbench.findings.traces import trace_of
from workbench.crossfilter import Clause, CrossFilter, crossfilter
from workbench.errors import UsageError
from workbench.trace import Trace

HOSTILE = ("' or true --", "'); drop view records; --", "$$", '"', "\\", "\x00", "/* ", "é\u202e")


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    records = [
        sqs_message(number, seconds=number, receive_count=1 + number % 2) for number in range(10)
    ]
    with trace_of(tmp_path / "own.trace", records) as opened:
        yield opened


def selected(trace: Trace) -> int:
    return int(trace.sql("select count(*) from selected").item())


def test_everything_is_selected_until_somebody_chooses(trace: Trace) -> None:
    assert selected(trace) == 10
    assert crossfilter(trace).words() == "everything"


def test_conditions_of_all_views_hold_together(trace: Trace) -> None:
    chosen = crossfilter(trace)

    chosen.set("timeline", Clause.between(instant(2), instant(6)))
    chosen.set("grid", Clause.typed("receive_count > 1"))

    assert selected(trace) == 2
    assert trace.sql(chosen.sql)["receive_count"].to_list() == [2, 2]
    assert len(chosen.to_frame()) == 2
    assert "receive_count > 1" in chosen.words()


def test_a_view_leaves_out_its_own_condition(trace: Trace) -> None:
    chosen = crossfilter(trace)
    chosen.set("timeline", Clause.between(instant(2), instant(6)))
    chosen.set("grid", Clause.typed("receive_count > 1"))

    others = chosen.where(leaving_out="timeline")

    assert trace.sql(f"select count(*) from records where {others}").item() == 5


def test_a_reset_selects_everything(trace: Trace) -> None:
    chosen = crossfilter(trace)
    chosen.set("grid", Clause.typed("$.order == 4"))
    assert selected(trace) == 1

    chosen.reset()

    assert selected(trace) == 10


def test_views_of_one_trace_share_one_selection(trace: Trace) -> None:
    assert crossfilter(trace) is crossfilter(trace)


def test_what_duckdb_does_not_accept_changes_nothing(trace: Trace) -> None:
    chosen = crossfilter(trace)
    chosen.set("grid", Clause.typed("receive_count > 1"))

    with pytest.raises(UsageError, match="no_such_column"):
        chosen.set("other", Clause.typed("no_such_column = 1"))

    assert list(chosen.clauses) == ["grid"]
    assert selected(trace) == 5


def test_a_comment_at_the_end_hides_nothing(trace: Trace) -> None:
    chosen = crossfilter(trace)
    chosen.set("grid", Clause.typed("receive_count > 1 -- only these"))
    chosen.set("timeline", Clause.between(instant(2), instant(6)))

    assert selected(trace) == 2


def test_the_rows_of_a_finding_can_be_selected(trace: Trace) -> None:
    first = trace.sql("select min(delivery_id) from records").item()
    chosen = crossfilter(trace)

    chosen.set("findings", Clause.rows_of(f"select {first} as delivery_id;", "one finding"))

    assert selected(trace) == 1


def test_listeners_hear_of_changes_only(trace: Trace) -> None:
    heard: list[str] = []
    chosen = crossfilter(trace)
    stop = chosen.listen(lambda now: heard.append(now.words()))

    clause = Clause.one_of("source_arn", [QUEUE])
    chosen.set("lanes", clause)
    chosen.set("lanes", clause)
    chosen.set("lanes", None)
    stop()
    chosen.set("lanes", clause)

    assert heard == [f"source_arn {QUEUE}", "everything"]


def test_a_refreshed_trace_keeps_its_selection(trace: Trace) -> None:
    crossfilter(trace).set("grid", Clause.typed("receive_count > 1"))

    trace.refresh()

    assert selected(trace) == 5


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.none() | st.text() | st.sampled_from(HOSTILE), max_size=5))
def test_no_value_is_taken_for_sql(
    values: list[str | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    trace = shared(tmp_path_factory)
    wanted = [value for value in values if value is None or "\x00" not in value]
    chosen = CrossFilter(trace)

    chosen.set("values", Clause.one_of("ordering_key", [*wanted, "group-1"]))

    expected = 10 if None in wanted else 0
    assert trace.sql(f"select count(*) from records where {chosen.where()}").item() == expected


SHARED: dict[str, Trace] = {}


def shared(folders: pytest.TempPathFactory) -> Trace:
    if "trace" not in SHARED:
        folder = folders.mktemp("crossfilter")
        SHARED["trace"] = trace_of(
            folder / "own.trace", [sqs_message(number, seconds=number) for number in range(10)]
        )
    return SHARED["trace"]


def test_many_threads_may_choose_at_once(trace: Trace) -> None:
    chosen = crossfilter(trace)
    failed: list[BaseException] = []

    def choose(number: int) -> None:
        try:
            for turn in range(10):
                end = T0 + timedelta(seconds=1 + (number + turn) % 9)
                chosen.set(f"view-{number}", Clause.between(T0, end))
                selected(trace)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=choose, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert (
        selected(trace) == trace.sql(f"select count(*) from records where {chosen.where()}").item()
    )
    assert len(chosen.clauses) == 6
