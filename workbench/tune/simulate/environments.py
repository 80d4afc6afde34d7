"""Lambda's execution environments in compiled code: which are busy, which are warm, when another may be added.

State is three arrays, so that any kernel can carry it: `busy_at` (a heap of the ends of what runs), `idle_at` (a stack:
when each idle one became idle, the latest on top), and `book` (see the places below). The latest idle one is taken
first (assumed; so the surplus of a burst is let go soonest).

Source: Lambda developer guide, "Understanding Lambda function scaling"; "Lambda runtime environment lifecycle".
"""

import numpy as np

from workbench.tune.simulate.compiled import compiled
from workbench.tune.simulate.heaps import pop_instant, push_instant
from workbench.tune.simulate.traffic import Floats

BUSY, IDLE, TOKENS, TOKENS_AT, COLD = 0, 1, 2, 3, 4
"""Places in `book`: how many are busy, how many idle, what may be added at once, as of when, how many were added."""
BOOK_PLACES = 5
SECONDS_OF_TOKENS = 10.0


@compiled
def new_book(added_per_10_s: float) -> Floats:
    """No environment yet, and a full allowance."""
    book: Floats = np.zeros(BOOK_PLACES)
    book[TOKENS] = added_per_10_s
    return book


@compiled
def settle_until(now_s: float, busy_at: Floats, idle_at: Floats, book: Floats) -> None:
    """Let everything that has ended by now be idle."""
    busy, idle = int(book[BUSY]), int(book[IDLE])
    while busy > 0 and busy_at[0] <= now_s:
        idle_at[idle] = busy_at[0]
        idle += 1
        busy = pop_instant(busy_at, busy)
    book[BUSY], book[IDLE] = busy, idle


@compiled
def free_from(
    now_s: float,
    busy_at: Floats,
    idle_at: Floats,
    book: Floats,
    most: int,
    kept_s: float,
    added_per_10_s: float,
) -> float:
    """From when on an invocation that is wanted now finds an environment: now, or later where it is throttled."""
    settle_until(now_s, busy_at, idle_at, book)
    if int(book[BUSY]) >= most:
        return float(busy_at[0])
    idle = int(book[IDLE])
    if idle > 0 and now_s - idle_at[idle - 1] <= kept_s:
        return now_s
    rate = added_per_10_s / SECONDS_OF_TOKENS
    tokens = min(added_per_10_s, book[TOKENS] + (now_s - book[TOKENS_AT]) * rate)
    if tokens >= 1.0:
        return now_s
    return float(now_s + (1.0 - tokens) / rate)


@compiled
def is_warm(now_s: float, idle_at: Floats, book: Floats, kept_s: float) -> bool:
    """Whether an idle environment is there to be taken; those kept too long are let go."""
    idle = int(book[IDLE])
    if idle > 0 and now_s - idle_at[idle - 1] <= kept_s:
        return True
    book[IDLE] = 0.0
    return False


@compiled
def take(
    now_s: float,
    until_s: float,
    is_cold: bool,
    busy_at: Floats,
    book: Floats,
    added_per_10_s: float,
) -> None:
    """Be busy from now on; a cold one uses up allowance."""
    if is_cold:
        rate = added_per_10_s / SECONDS_OF_TOKENS
        tokens = min(added_per_10_s, book[TOKENS] + (now_s - book[TOKENS_AT]) * rate)
        book[TOKENS], book[TOKENS_AT] = tokens - 1.0, now_s
        book[COLD] += 1.0
    else:
        book[IDLE] -= 1.0
    book[BUSY] = push_instant(busy_at, int(book[BUSY]), until_s)
