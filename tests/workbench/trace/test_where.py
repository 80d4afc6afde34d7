"""A condition shows what it holds for, is refused before anything is read, and leaves nothing out unseen."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record
from tests.factories import kinesis_record, sqs_message
from workbench.errors import UsageError
from workbench.trace.where import Kept, Where, as_sql

BODIES = [
    {"order": {"id": 42, "state": "NEW"}, "n": "abc"},
    {"order": {"id": "42", "state": "it's"}},
    {"order": {"id": 12345678901234567890, "state": None}},
    b"\xff not text",
    b'{"order": {"id": 1, "id": 42}}',
]
RECORDS = [sqs_message(n, body, receive_count=n) for n, body in enumerate(BODIES, 1)]

Ask = Callable[[str], Kept]


@pytest.fixture
def ask() -> Iterator[Ask]:
    opened: list[Where] = []

    def kept(expression: str) -> Kept:
        opened.append(Where(expression))
        return opened[-1].kept(RECORDS)

    yield kept
    for where in opened:
        where.close()


def numbers(kept: Kept) -> list[int]:
    return [int(record.record_id[-1]) for record in kept.records]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("$.order.id == 42", [1, 2, 5]),  # of a key that stands twice, the one that a handler sees
        ("$.order.id = 42", [1, 2, 5]),
        ("$.order.id != 42", [3, 4]),
        ("$.order.id == 42.0", [1, 2, 5]),
        ("$.order.id == 4.2e1", [1, 2, 5]),
        ("$.order.id == 12345678901234567890", [3]),
        ("$.order.id > 12345678901234567889", [3]),
        ("$.order.id == 12345678901234567891", []),
        ('$.order.state == "NEW"', [1]),
        ("$.order.state == 'it''s'", [2]),
        ("$.order.state != 'NEW'", [2, 3, 4, 5]),
        ("$.order.state == null", [3, 4, 5]),
        ("$.order.state", [1, 2]),
        ("$.order.id == 42 and receive_count < 3", [1, 2]),
        ("receive_count in (2, 4) or field(body, '$.n') = 'abc'", [1, 2, 4]),
        ("payload(body) like '%$.order.id == 42%'", []),
        ("payload(body) is null", [4]),
        ("true -- whatever", [1, 2, 3, 4, 5]),
    ],
)
def test_a_condition_is_sql_with_jsonpaths_in_it(
    ask: Ask, expression: str, shown: list[int]
) -> None:
    kept = ask(expression)

    assert (numbers(kept), kept.doubts) == (shown, ())


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "selec 1",
        "nope = 1",
        "delivery_id = 1",
        "true) or (true",
        "true; drop table records",
        "true, false",
        "count(*) > 1",
        "receive_count",
        "'yes'",
        "$.items[*].id == 1",
        "$..id == 1",
        "order.id == 42",
    ],
)
def test_what_is_no_condition_is_refused_before_anything_is_read(expression: str) -> None:
    with pytest.raises(UsageError) as refused:
        Where(expression)

    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("wanted a ")


def test_a_record_of_which_it_cannot_be_said_is_shown_and_told(ask: Ask) -> None:
    kept = ask("field(body, '$.order.id')::integer = 42")

    assert numbers(kept) == [1, 2, 3, 5]
    (doubt,) = kept.doubts
    assert "12345678901234567890" in doubt


def test_nothing_is_kept_of_nothing() -> None:
    where = Where("true")

    assert where.kept([]) == Kept(())
    where.close()


@settings(max_examples=15)  # each opens a database
@given(st.lists(st.integers(0, 5), max_size=12), st.integers(0, 5))
def test_a_batch_is_judged_as_its_records_are_one_by_one(values: list[int], asked: int) -> None:
    records: list[Record] = [kinesis_record(n, {"v": value}) for n, value in enumerate(values)]
    where = Where(f"$.v == {asked}")

    together = where.kept(records).records
    alone = [record for record in records if where.kept([record]).records]
    where.close()

    assert list(together) == alone
    assert len(together) == values.count(asked)


@pytest.mark.parametrize(
    "text", ["'$.a == 1'", '"$.a"', "$$ $.a == 1 $$", "$t$ $.a $t$", "body = 'x' and 1 = 1"]
)
def test_what_stands_in_quotes_is_no_path(text: str) -> None:
    assert as_sql(text) == text
