"""Lambda's execution environments in compiled code: which are busy, which are warm, when another may be added.

The environment that became idle last is taken first (assumed; so the surplus of a burst is let go soonest).

Source: Lambda developer guide, "Understanding Lambda function scaling"; "Lambda runtime environment lifecycle".
"""

from typing import NamedTuple

import numpy as np

from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.heaps import Instants, new_instants, pop_instant, push_instant
from workbench.tune.simulate.traffic import Floats, Integers

TOKENS, TOKENS_AT = 0, 1
"""Places in `Pool.allowance`: what may be added at once, as of when."""
SECONDS_OF_TOKENS = 10.0


class Pool(NamedTuple):
    """The environments of one function."""

    busy: Instants
    """When each that works ends."""
    idle_at_s: Floats
    """A stack: when each that is idle became so, the latest on top."""
    idle: Integers
    """How many are: one number."""
    allowance: Floats
    most: int
    """Busy at once."""
    kept_s: float
    """How long an idle one is kept."""
    added_per_10_s: float


@compiled
def new_pool(most: int, at_once: int, kept_s: float, added_per_10_s: float) -> Pool:
    """No environment yet, and a full allowance; callers never want more than `at_once`."""
    room = min(most, at_once) + 2
    allowance = np.zeros(2)
    allowance[TOKENS] = added_per_10_s
    return Pool(
        new_instants(room),
        np.empty(2 * room),
        np.zeros(1, dtype=np.int64),
        allowance,
        most,
        kept_s,
        added_per_10_s,
    )


@inlined
def next_try(pool: Pool, now_s: float) -> float:
    """Now, where an invocation finds an environment; else when to ask again; infinite where there may be none.

    Ask with instants that only go on.
    """
    while pool.busy.size[0] > 0 and pool.busy.at_s[0] <= now_s:
        pool.idle_at_s[pool.idle[0]] = pool.busy.at_s[0]
        pool.idle[0] += 1
        pop_instant(pool.busy)
    if pool.busy.size[0] >= pool.most:
        return float(pool.busy.at_s[0]) if pool.most > 0 else np.inf
    tokens = _tokens(pool, now_s)
    if tokens >= 1.0 or _is_warm(pool, now_s):
        return now_s
    # A hair more than the rest of a token takes, or rounding would ask for ever.
    wait_s = (1.0 - tokens) * SECONDS_OF_TOKENS / pool.added_per_10_s
    return now_s + max(wait_s, 1e-9 * abs(now_s))


@inlined
def granted_at(pool: Pool, wanted_s: float) -> float:
    """When an invocation that waits from then on, before all others, finds an environment."""
    now_s = wanted_s
    again_s = next_try(pool, now_s)
    while again_s > now_s and again_s < np.inf:
        now_s = again_s
        again_s = next_try(pool, now_s)
    return again_s


@inlined
def take(pool: Pool, now_s: float) -> bool:
    """Take an environment, where `next_try` has said now; whether it is a new one. `keep_busy` has to follow."""
    if _is_warm(pool, now_s):
        pool.idle[0] -= 1
        return False
    pool.idle[0] = 0  # those there are were kept too long
    pool.allowance[TOKENS] = _tokens(pool, now_s) - 1.0
    pool.allowance[TOKENS_AT] = now_s
    return True


@inlined
def keep_busy(pool: Pool, until_s: float) -> None:
    """What was taken works until then."""
    push_instant(pool.busy, until_s)


@inlined
def _is_warm(pool: Pool, now_s: float) -> bool:
    idle = pool.idle[0]
    return bool(idle > 0 and now_s - pool.idle_at_s[idle - 1] <= pool.kept_s)


@inlined
def _tokens(pool: Pool, now_s: float) -> float:
    gained = (now_s - pool.allowance[TOKENS_AT]) * pool.added_per_10_s / SECONDS_OF_TOKENS
    return float(min(pool.added_per_10_s, pool.allowance[TOKENS] + gained))
