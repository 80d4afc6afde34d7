"""How far a series is from order: the figures of it that SQL cannot count, for `disorder(told, error)`."""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

DISORDER = "STRUCT(displacements BIGINT[], in_order BIGINT)"
"""The DuckDB type of `disorder`."""
Integers = NDArray[np.int64]
_FEW = 64
"""So many values are compared each with each: quicker than sorting."""


def displacements(told: Sequence[int], error: int = 0) -> list[int]:
    """For each value how many before it are greater by more than `error`; their sum is Kendall's distance from order.

    Example:
        >>> displacements([1, 3, 2, 2]), displacements([10, 13, 12], 1)
        ([0, 0, 1, 1], [0, 0, 0])

    Source: Knuth, The Art of Computer Programming 3, 5.1.1, inversion tables; the values are merged as in 5.2.4.
    """
    values = np.asarray(told, dtype=np.int64)
    raised = _raised(values, error)
    if len(values) <= _FEW:
        before = np.tri(len(values), k=-1, dtype=bool)
        counts = (values[None, :] > raised[:, None]) & before
        return [int(count) for count in counts.sum(axis=1)]
    return [int(count) for count in _merged(values, raised)]


def longest_in_order(told: Sequence[int]) -> int:
    """Length of the longest part of the series, not necessarily of neighbours, that never goes down.

    Example:
        >>> longest_in_order([1, 5, 2, 2, 3])
        4

    Source: Fredman, On computing the length of longest increasing subsequences, 1975.
    """
    ends: list[int] = []
    for value in told:
        at = bisect_right(ends, value)
        ends[at : at + 1] = [value]
    return len(ends)


def disorders(told: pa.ChunkedArray, errors: pa.ChunkedArray) -> pa.Array:
    """Both figures of each series: what DuckDB calls."""
    series = zip(told.to_pylist(), errors.to_pylist(), strict=True)
    rows = [
        {"displacements": displacements(each, error), "in_order": longest_in_order(each)}
        for each, error in series
    ]
    kind = pa.struct([("displacements", pa.list_(pa.int64())), ("in_order", pa.int64())])
    return pa.array(rows, kind)


def _raised(values: Integers, error: int) -> Integers:
    """Each value plus the error, at most the largest number there is."""
    most = np.iinfo(np.int64).max
    return np.where(values > most - error, most, np.minimum(values, most - error) + error)


def _merged(values: Integers, raised: Integers) -> Integers:
    """By merging neighbouring runs, ever longer: of each value of a right run, how many of the left are greater."""
    ranks = np.unique(np.concatenate([values, raised]), return_inverse=True)[1]
    own, wanted = ranks[: len(values)], ranks[len(values) :]
    at, ceiling = np.arange(len(values)), int(ranks.max()) + 1
    counts, width = np.zeros(len(values), dtype=np.int64), 1
    while width < len(values):
        run, is_right = at // (2 * width), (at // width) % 2 == 1
        left = np.sort(run[~is_right] * ceiling + own[~is_right])
        begins_at = run[is_right] * width
        found = np.searchsorted(left, run[is_right] * ceiling + wanted[is_right], side="right")
        counts[is_right] += width - (found - begins_at)
        width *= 2
    return counts
