"""Ctrl-C and SIGTERM, taken as a wish to end in good order."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType


class Interrupted(Exception):
    """A command was asked to end and did so in good order; the text says in one line what is safe and what to do."""


@contextmanager
def stopping_on_signals(stop: threading.Event) -> Iterator[threading.Event]:
    """Set `stop` when a signal asks to end; yields the event that says whether one came.

    Who presses Ctrl-C again does not want to wait for the last pages: what is durable is.
    """
    came = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if came.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        came.set()
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopping_after(length: timedelta | None, stop: threading.Event) -> Iterator[None]:
    """Set `stop` when so much time has gone by; None: never."""
    if length is None:
        yield
        return
    timer = threading.Timer(length.total_seconds(), stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
