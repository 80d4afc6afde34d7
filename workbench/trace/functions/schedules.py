"""When a schedule of EventBridge should have run: its cron() and rate() expressions, for SQL.

EventBridge's cron is not Unix's: six fields, days of the week from 1 = Sunday, and L, W and #. The kept library for it
gives up on sparse schedules and knows no rate, so the fields are read here.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import pyarrow as pa

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RATE = re.compile(r"rate\(\s*([1-9]\d{0,8})\s+(minute|hour|day)s?\s*\)")
_CRON = re.compile(r"cron\(\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*\)")
_STEPS = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?")
_UNITS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
INSTANTS = pa.list_(pa.timestamp("us", tz="UTC"))


def rate_ms(expression: str) -> int | None:
    """The period of a rate() expression in milliseconds; None where it is none.

    Example:
        >>> rate_ms("rate(5 minutes)"), rate_ms("cron(0 10 * * ? *)")
        (300000, None)

    Source: EventBridge user guide, "Rate expressions reference".
    """
    found = _RATE.fullmatch(expression.strip())
    return int(found[1]) * _UNITS[found[2]] if found else None


def cron_instants(expression: str, from_at: datetime, to_at: datetime) -> list[datetime] | None:
    """Every instant of a cron() expression from one instant to another, both included.

    Args:
        expression: as AWS spells it, `cron(0 10 * * ? *)`; a rule's is in UTC.
        from_at: aware.
        to_at: aware.

    Returns:
        Ascending instants on whole minutes, or None where the expression is no cron() that EventBridge takes.

    Example:
        >>> day = datetime(2026, 11, 1, tzinfo=UTC)
        >>> [each.day for each in cron_instants("cron(0 10 ? * 6L *)", day, day + timedelta(days=40))]
        [27]

    Source: EventBridge user guide, "Cron expressions reference".
    """
    found = _CRON.fullmatch(expression.strip().upper().replace("CRON", "cron"))
    if found is None:
        return None
    try:
        minutes = _numbers(found[1], 0, 59)
        hours = _numbers(found[2], 0, 23)
        months = _numbers(found[4], 1, 12, _MONTHS)
        years = _numbers(found[6], 1970, 2199)
        if (found[3] == "?") == (found[5] == "?"):
            return None
        _days(found[3], found[5], 2000, 1)
    except ValueError:
        return None
    days = (
        day
        for year, month in _months_between(from_at, to_at)
        if year in years and month in months
        for day in sorted(_days(found[3], found[5], year, month))
    )
    times = [time(hour, minute, tzinfo=UTC) for hour in sorted(hours) for minute in sorted(minutes)]
    instants = (datetime.combine(day, each) for day in days for each in times)
    return [each for each in instants if from_at <= each <= to_at]


def cron_schedule(
    expressions: pa.ChunkedArray, from_at: pa.ChunkedArray, to_at: pa.ChunkedArray
) -> pa.Array:
    """`cron_instants` over columns, for SQL; null for what is no cron()."""
    columns = (expressions.to_pylist(), from_at.to_pylist(), to_at.to_pylist())
    rows = zip(*columns, strict=True)
    return pa.array([None if None in row else cron_instants(*row) for row in rows], INSTANTS)


def rate_period(expressions: pa.ChunkedArray) -> pa.Array:
    """`rate_ms` over a column, for SQL; null for what is no rate()."""
    told = expressions.to_pylist()
    return pa.array([None if each is None else rate_ms(each) for each in told], pa.int64())


def _months_between(from_at: datetime, to_at: datetime) -> Iterator[tuple[int, int]]:
    first, last = from_at.astimezone(UTC), to_at.astimezone(UTC)
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield number // 12, number % 12 + 1


def _numbers(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> set[int]:
    """The numbers that a field names; ValueError where it is malformed. A range may run over the end."""
    told: set[int] = set()
    for part in field.split(","):
        found = _STEPS.fullmatch(part)
        if found is None:
            raise ValueError(part)
        every, first, last, step = found.groups()
        begin = least if every else _number(first, least, most, names)
        end = _number(last, least, most, names) if last else most if every or step else begin
        if step == "0":
            raise ValueError(part)
        length = (end - begin) % (most - least + 1)
        told |= {
            least + (begin - least + offset) % (most - least + 1)
            for offset in range(0, length + 1, int(step or 1))
        }
    return told


def _number(word: str, least: int, most: int, names: tuple[str, ...]) -> int:
    number = names.index(word) + least if word in names else int(word)
    if not least <= number <= most:
        raise ValueError(word)
    return number


def _days(of_month: str, of_week: str, year: int, month: int) -> set[date]:
    """The days of a month that the two fields name; one of them is `?`."""
    count = monthrange(year, month)[1]
    if of_week == "?":
        numbers = {
            day for part in of_month.split(",") for day in _of_month(part, year, month, count)
        }
    else:
        numbers = {day for part in of_week.split(",") for day in _of_week(part, year, month, count)}
    return {date(year, month, day) for day in numbers if 1 <= day <= count}


def _of_month(part: str, year: int, month: int, count: int) -> set[int]:
    if part == "L":
        return {count}
    if back := re.fullmatch(r"L-(\d{1,2})", part):
        return {count - int(back[1])}
    if part == "LW":
        return {_nearest_weekday(year, month, count, count)}
    if near := re.fullmatch(r"(\d{1,2})W", part):
        day = _number(near[1], 1, 31, ())
        return {_nearest_weekday(year, month, day, count)} if day <= count else set()
    return _numbers(part, 1, 31)


def _nearest_weekday(year: int, month: int, day: int, count: int) -> int:
    """Monday to Friday, the nearest in the same month."""
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < count else day - 2
    return day


def _of_week(part: str, year: int, month: int, count: int) -> set[int]:
    first = (date(year, month, 1).weekday() + 1) % 7 + 1  # 1 is Sunday
    if part == "L":
        part = "7"
    if last := re.fullmatch(r"(\w+)L", part):
        days = _days_named(_number(last[1], 1, 7, _DAYS), first, count)
        return {days[-1]}
    if nth := re.fullmatch(r"(\w+)#([1-5])", part):
        days = _days_named(_number(nth[1], 1, 7, _DAYS), first, count)
        return set(days[int(nth[2]) - 1 : int(nth[2])])
    return {
        day for named in _numbers(part, 1, 7, _DAYS) for day in _days_named(named, first, count)
    }


def _days_named(named: int, first: int, count: int) -> list[int]:
    return list(range((named - first) % 7 + 1, count + 1, 7))
