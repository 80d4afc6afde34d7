"""How often to ask again what was refused, and how long to let a service rest before that."""

import itertools
from collections.abc import Callable
from typing import TypeVar

from connectors.errors import (
    AccessDeniedError,
    ConnectorError,
    OperationRefusedError,
    SourceNotFoundError,
)

T = TypeVar("T")
TRIES = 6
"""Before a partition, or a question, is given up."""
WHOLE_SOURCE = (AccessDeniedError, OperationRefusedError, SourceNotFoundError)
"""What no other partition of the source would be spared, and no second try would mend."""
_LONGEST_PAUSE_MS = 30_000
_FIRST_PAUSE_MS = 500


def pause_ms(failures: int) -> int:
    """How long to let a service rest after so many refusals in a row; 0 after none.

    Example:
        >>> [pause_ms(failures) for failures in (0, 1, 2, 30)]
        [0, 1000, 2000, 30000]
    """
    return min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS * 2 ** min(failures, 16)) if failures else 0


def patiently(
    ask: Callable[[], T],
    rest: Callable[[ConnectorError, int], None],
    is_over: Callable[[int], bool],
) -> T:
    """The answer, asked for again after a rest where it was refused.

    Args:
        ask: The question.
        rest: Called with the refusal and how many milliseconds to rest.
        is_over: Whether so many refusals in a row are enough.

    Raises:
        ConnectorError: The last refusal, or one that no second try would mend.

    Example:
        >>> answers = iter([ConnectorError("busy"), 7])
        >>> def ask():
        ...     answer = next(answers)
        ...     if isinstance(answer, ConnectorError):
        ...         raise answer
        ...     return answer
        >>> patiently(ask, lambda error, ms: print(error, ms), lambda failures: False)
        busy 1000
        7
    """
    for failures in itertools.count(1):
        try:
            return ask()
        except WHOLE_SOURCE:
            raise
        except ConnectorError as error:
            if is_over(failures):
                raise
            rest(error, pause_ms(failures))
    raise AssertionError("counting never ends")
