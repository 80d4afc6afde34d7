"""Ctrl-C and SIGTERM, taken as a wish to end in good order."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopping_on_signals(stop: threading.Event) -> Iterator[threading.Event]:
    """Set `stop` when a signal asks to end; yields the event that says whether one came."""
    came = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        came.set()
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
