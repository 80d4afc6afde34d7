"""What AWS says of the visibility timeout of a queue that a function reads."""

from typing import Any

TIMES_TIMEOUT = 6
"""And the window. Source: Lambda developer guide, "Using Lambda with Amazon SQS"."""
LEAST_RECEIVES = 5
"""Source: the same: maxReceiveCount of at least 5, so that throttled messages are not moved."""
VISIBILITY_MOST_S = 43_200
RECEIVES_MOST = 1_000
"""Source: SetQueueAttributes, RedrivePolicy."""
ADDED_S = 30.0


def advised_visibility_s(timeout_s: float, window_s: float) -> float:
    """AWS's advice: six times the function timeout, and the batching window.

    Example:
        >>> advised_visibility_s(30, 5)
        185
    """
    return TIMES_TIMEOUT * timeout_s + window_s


def effective_visibility_s(
    visibility_timeout_s: float, timeout_s: float | None, window_s: float
) -> float:
    """How long a message that Lambda received stays hidden, which may be longer than the queue says.

    Example:
        >>> effective_visibility_s(30, 25, 10), effective_visibility_s(30, 25, 0)
        (65.0, 30)

    Source: Lambda developer guide, "Using Lambda with Amazon SQS": with a window, where window and function timeout
    together are more than the visibility timeout, it becomes their sum and 30 seconds.
    """
    if timeout_s is not None and window_s > 0 and window_s + timeout_s > visibility_timeout_s:
        return window_s + timeout_s + ADDED_S
    return visibility_timeout_s


def rule_document(timeout_s: float | None, window_s: float, waived: bool) -> dict[str, Any]:
    """AWS's advice and AWS's refusal, for `tune visibility --json`."""
    return {
        "visibility_timeout_s": None
        if timeout_s is None
        else min(advised_visibility_s(timeout_s, window_s), VISIBILITY_MOST_S),
        "max_receive_count": LEAST_RECEIVES,
        "least_visibility_timeout_s": timeout_s,
        "waived": waived,
        "source": "Lambda developer guide, Using Lambda with Amazon SQS: 6 x function timeout + batching window;"
        " a mapping to a queue whose visibility timeout is shorter than the function timeout is refused",
    }
