"""Closed forms of redelivery: what chances of one attempt make of a message's whole way."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

NORMAL_95 = 1.959963984540054
_ROUNDS = 500
_SETTLED = 1e-10


@dataclass(frozen=True, slots=True)
class Share:
    """A share and where it may lie, at 95 %."""

    share: float
    low: float
    high: float

    def document(self) -> dict[str, float]:
        """For JSON."""
        return {"share": self.share, "low": self.low, "high": self.high}


def wilson(hits: float, trials: int) -> Share:
    """A share with Wilson's interval, which holds where there are few trials and where nothing was hit.

    Example:
        >>> round(wilson(0, 100).high, 3)
        0.037
    """
    if trials <= 0:
        return Share(0.0, 0.0, 1.0)
    share, square = hits / trials, NORMAL_95**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = (
        NORMAL_95
        * sqrt(share * (1 - share) / trials + square / (4 * trials**2))
        / (1 + square / trials)
    )
    return Share(
        share,
        0.0 if hits <= 0 else max(0.0, middle - half),
        1.0 if hits >= trials else min(1.0, middle + half),
    )


def extra_deliveries(share: float, max_receive_count: int | None = None) -> float:
    """Deliveries after the first, per message, where each attempt brings another with this chance.

    Without a limit `share / (1 - share)`; with one the series ends after `max_receive_count` deliveries. Infinite where
    every attempt brings another and nothing limits them.

    Example:
        >>> extra_deliveries(0.5), extra_deliveries(0.5, 2), extra_deliveries(1.0, 5)
        (1.0, 0.5, 4.0)
    """
    if max_receive_count is None:
        return share / (1 - share) if share < 1 else float("inf")
    if share >= 1:
        return float(max_receive_count - 1)
    return (1 - share**max_receive_count) / (1 - share) - 1


def dead_letter_share(
    failing: float, max_receive_count: int | None, poison: float = 0.0
) -> float | None:
    """Share of messages that end in the dead-letter queue; None without a redrive policy: nothing is moved.

    A healthy message is moved when `max_receive_count` independent attempts fail. A poison message always is.

    Example:
        >>> dead_letter_share(0.1, 3), dead_letter_share(0.0, 3, poison=0.02)
        (0.0010000000000000002, 0.02)
    """
    if max_receive_count is None:
        return None
    return poison + (1 - poison) * failing**max_receive_count


def either(over: float, failed: float) -> float:
    """Chance that an attempt does not end a message: it fails, or succeeds too late (`p + e - p*e`)."""
    return over + failed - over * failed


def batch_failure(record_failure: float, records: float) -> float:
    """Chance that an attempt at one message fails because any of its batch does, without partial responses.

    Example:
        >>> round(batch_failure(0.01, 10), 4)
        0.0956
    """
    return float(1 - (1 - record_failure) ** records)


def record_failure(failure: float, records: float) -> float:
    """The inverse of `batch_failure`: of one message alone."""
    return float(1 - (1 - failure) ** (1 / max(records, 1.0)))


@dataclass(frozen=True, slots=True)
class Failing:
    """Two kinds of messages: those that fail every attempt, and those that fail each with one chance."""

    poison: float
    """Share of messages that fail every attempt."""
    attempt: float
    """Chance that an attempt at any other message fails."""


def failing(tries: Sequence[tuple[int, int]]) -> Failing:
    """Maximum likelihood of the two kinds, from attempts and failures of each message.

    A message that succeeded once is not poison. One that never did is poison, or was unlucky so many times: the more
    often it was tried, the less likely. Attempts at one message are taken as independent otherwise.

    Args:
        tries: (attempts, failed attempts) of each message.

    Example:
        >>> found = failing([(1, 0)] * 98 + [(5, 5)] * 2)
        >>> round(found.poison, 3), round(found.attempt, 3)
        (0.02, 0.0)
    """
    if not tries:
        return Failing(0.0, 0.0)
    counted: dict[tuple[int, int], int] = {}
    for each in tries:
        counted[each] = counted.get(each, 0) + 1
    attempts = sum(tried * count for (tried, _), count in counted.items())
    never = {each: count for each, count in counted.items() if each[0] == each[1] > 1}
    chance = sum(failed * count for (_, failed), count in counted.items()) / max(attempts, 1)
    poison = sum(never.values()) / len(tries)
    for _ in range(_ROUNDS if never else 0):
        sick = {
            (tried, failed): count * poison / (poison + (1 - poison) * chance**failed)
            for (tried, failed), count in never.items()
        }
        healthy_attempts = attempts - sum(tried * part for (tried, _), part in sick.items())
        healthy_failures = sum(
            failed * (count - sick.get((tried, failed), 0.0))
            for (tried, failed), count in counted.items()
        )
        before = poison, chance
        poison = sum(sick.values()) / len(tries)
        chance = healthy_failures / healthy_attempts if healthy_attempts > _SETTLED else 0.0
        if abs(poison - before[0]) + abs(chance - before[1]) < _SETTLED:
            break
    return Failing(min(max(poison, 0.0), 1.0), min(max(chance, 0.0), 1.0))
