"""Figures that hold for a time: every shipped row can be right, no day has two of one, own rows take their place."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.tune.dated import COLUMNS, Dated, DatedTable
from workbench.tune.prices import prices
from workbench.tune.quotas import quotas

TABLES = {"quotas": quotas(), "prices": prices()}
SHIPPED = [
    pytest.param(entry, id=f"{'-'.join(entry.key)}-{entry.valid_from}")
    for table in TABLES.values()
    for entry in table.entries
]
HEADER = ",".join(COLUMNS)
COUNTED = {
    "bytes",
    "gb",
    "gb_seconds",
    "mb",
    "seconds",
    "milliseconds",
    "records",
    "messages",
    "requests",
    "events",
    "calls",
    "executions",
    "shards",
    "consumers",
    "readers",
    "receives",
    "retries",
    "subscriptions",
    "policies",
    "pollers",
    "lanes",
    "times",
    "yes",
}
RATES = {
    f"{each}_per_second" for each in ("bytes", "records", "messages", "requests", "events", "calls")
}
CHARGED = {
    "million",
    "100_thousand",
    "gb",
    "gb_second",
    "gb_month",
    "shard_hour",
    "stream_hour",
    "consumer_shard_hour",
    "poller_hour",
}


def own(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "own.csv"
    path.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("entry", SHIPPED)
def test_a_shipped_row_says_what_is_limited_in_which_unit_and_who_says_so(entry: Dated) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", entry.name)
    assert re.fullmatch(r"[a-z0-9_]*", entry.mode)
    assert entry.unit in COUNTED | RATES | {f"usd_per_{each}" for each in CHARGED}
    assert entry.confidence != "own"
    assert len(entry.source) > 10
    assert entry.value is not None or ":" in entry.source, (
        "what is missing is said after the document"
    )


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_no_day_has_two_figures_of_one_thing_and_none_has_a_gap(table: DatedTable) -> None:
    for key, entries in groupby(table.entries, key=lambda entry: entry.key):
        for earlier, later in pairwise(entries):
            assert earlier.valid_to is not None, key
            assert earlier.valid_to == later.valid_from, key


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_one_name_has_one_unit(table: DatedTable) -> None:
    units = {(entry.service, entry.name, entry.unit) for entry in table.entries}

    assert len(units) == len({unit[:2] for unit in units})


def test_the_last_day_is_the_one_before_valid_to() -> None:
    before, day = date(2020, 11, 30), date(2020, 12, 1)

    assert quotas().value("lambda", "billing_step", before) == 100
    assert quotas().value("lambda", "billing_step", day) == 1
    assert quotas().value("lambda", "billing_step", datetime(2020, 11, 30, 23, tzinfo=UTC)) == 100


def test_a_mode_and_a_region_go_before_what_holds_for_all() -> None:
    at, table = date(2026, 1, 1), quotas()

    assert table.value("apigateway", "throttle_requests_per_second", at) == 10_000
    assert (
        table.value("apigateway", "throttle_requests_per_second", at, region="af-south-1") == 2_500
    )
    assert table.value("sqs", "message_size_max", at, mode="fifo") == 1_048_576
    assert table.value("lambda", "memory_max", at, mode="managed_instances") == 32_768
    assert table.value("lambda", "memory_max", at) == 10_240
    [row] = [
        each for each in table.rows("apigateway", at, "us-east-1") if each.name == "throttle_burst"
    ]
    assert row.value == 5_000


def test_what_there_was_not_yet_has_no_value() -> None:
    assert quotas().value("lambda", "esm_sqs_concurrency_max", date(2016, 12, 1)) is None
    assert prices().value("lambda", "esm_poller_hour", date(2026, 6, 1), mode="sqs") is None
    assert (
        prices().value("sqs", "request", date(2026, 6, 1), mode="fifo", region="eu-west-1") is None
    )


def test_a_name_or_a_mode_that_never_was_is_refused() -> None:
    with pytest.raises(
        UsageError, match="found none called 'memory_maxx'; did you mean memory_max"
    ):
        quotas().value("lambda", "memory_maxx", date(2026, 1, 1))
    with pytest.raises(UsageError, match="found 'fivo'; there are fifo, standard"):
        prices().value("sqs", "request", date(2026, 1, 1), mode="fivo")


def test_an_own_row_replaces_the_same_figure_on_its_days_only(tmp_path: Path) -> None:
    raised = own(
        tmp_path, "lambda,concurrency_account,,,5000,executions,2020-01-01,2021-01-01,case 1,"
    )

    table = quotas(raised)

    days = [date(2019, 12, 31), date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1)]
    assert [table.value("lambda", "concurrency_account", day) for day in days] == [
        1000,
        5000,
        5000,
        1000,
    ]
    row = table.row("lambda", "concurrency_account", date(2020, 6, 1))
    assert row is not None
    assert row.confidence == "own"
    assert quotas().value("lambda", "concurrency_account", date(2020, 6, 1)) == 1000


def test_an_own_row_may_be_of_another_region_and_of_all_time(tmp_path: Path) -> None:
    file = own(tmp_path, "sqs,request,eu-west-1,fifo,0.55,usd_per_million,,,contract,documented")

    table = prices(file)

    assert table.value("sqs", "request", date(2020, 1, 1), "fifo", "eu-west-1") == 0.55
    assert table.value("sqs", "request", date(2020, 1, 1), "fifo") == 0.5


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("lambda,timeout_max,,,abc,seconds,,,x,", r"row 2, column value, found 'abc'"),
        ("lambda,timeout_max,,,nan,seconds,,,x,", r"row 2, column value, found 'nan'"),
        ("lambda,timeout_max,,,-1,seconds,,,x,", r"row 2, column value, found '-1'"),
        (
            "lambda,timeout_max,,,1,minutes,,,x,",
            r"wanted seconds in .*own.csv row 2, column unit, found 'minutes'",
        ),
        (
            "lambda,timeout_max,,,1,seconds,2020-13-01,,x,",
            r"row 2, column valid_from, found '2020-13-01'",
        ),
        (
            "lambda,timeout_max,,,1,seconds,2020-01-01,2020-01-01,x,",
            r"column valid_to, found '2020-01-01'",
        ),
        ("lambda,timeout_max,,,1,seconds,,,x,sure", r"column confidence, found 'sure'"),
        (
            "lambda,timeout_mx,,,1,seconds,,,x,",
            r"column name, found 'timeout_mx'.*did you mean timeout_max",
        ),
        (
            "lambda,timeout_max,,zip,1,seconds,,,x,",
            r"column mode, found 'zip'; there are '', 'managed",
        ),
        (
            "lamda,timeout_max,,,1,seconds,,,x,",
            r"column service, found 'lamda'.*did you mean lambda",
        ),
        ("lambda,timeout_max,,,1,seconds,,x,", r"wanted 10 columns in .*row 2"),
        ('lambda,"timeout', r"found .*own.csv: unexpected end of data"),
    ],
)
def test_a_row_that_cannot_be_right_is_one_line_with_row_and_column(
    tmp_path: Path, row: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        quotas(own(tmp_path, row))

    assert "\n" not in str(refused.value)


def test_two_own_rows_of_one_day_are_refused(tmp_path: Path) -> None:
    rows = (
        "lambda,timeout_max,,,1,seconds,,2020-01-02,x,",
        "lambda,timeout_max,,,2,seconds,2020-01-01,,x,",
    )

    with pytest.raises(
        UsageError, match=r"found a second in .*row 3, column valid_from: lambda timeout_max"
    ):
        quotas(own(tmp_path, *rows))


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        quotas(tmp_path / "none.csv")
    with pytest.raises(UsageError, match=r"wanted the columns service,.*row 1, found a,b"):
        quotas(own(tmp_path, header="a,b"))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="no UTF-8 text"):
        quotas(tmp_path / "binary.csv")


DAYS = st.none() | st.dates(date(2010, 1, 1), date(2030, 1, 1))


@settings(max_examples=50, deadline=None)
@given(DAYS, DAYS, st.dates(date(2010, 1, 1), date(2030, 1, 1)))
def test_a_day_has_the_own_figure_or_the_shipped_one(
    tmp_path_factory: pytest.TempPathFactory, start: date | None, end: date | None, day: date
) -> None:
    if start and end and start >= end:
        start, end = end, start + timedelta(days=1)
    row = f"lambda,timeout_max,,,7,seconds,{start or ''},{end or ''},x,"
    table = quotas(own(tmp_path_factory.getbasetemp(), row))
    inside = (start is None or start <= day) and (end is None or day < end)

    found = table.value("lambda", "timeout_max", day)

    assert found == (7 if inside else quotas().value("lambda", "timeout_max", day))
    assert (
        len(
            [
                each
                for each in table.rows("lambda", day)
                if each.key == ("lambda", "timeout_max", "", "")
            ]
        )
        <= 1
    )
