"""How a function of the simulator is compiled: once a machine, free of the interpreter's lock."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function as machine code; kept on disk, so that only the first call on a machine waits for the compiler.

    Example:
        >>> @compiled
        ... def twice(number: int) -> int:
        ...     return 2 * number
        >>> twice(21)
        42
    """
    made: Callable[Parameters, Result] = njit(cache=True, nogil=True, error_model="numpy")(function)
    return made


def inlined(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The same for a part of a loop that makes no array: put in where it is called, its arrays borrowed.

    Otherwise every array of every argument is counted in and out at each call, which takes longer than the call.
    """
    made: Callable[Parameters, Result] = njit(  # type: ignore[call-overload]  # its stub has no _nrt
        cache=True, nogil=True, error_model="numpy", forceinline=True, _nrt=False
    )(function)
    return made
