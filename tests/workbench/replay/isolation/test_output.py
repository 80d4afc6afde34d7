"""Output is kept within bounds, whatever the pieces it comes in."""

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.replay.isolation.output import HEAD_BYTES, TAIL_BYTES, CappedOutput, DrainedOutput


@settings(deadline=None)
@given(st.lists(st.integers(0, 100_000), max_size=12))
def test_what_is_kept_and_what_is_dropped_add_up(sizes):
    output, whole = CappedOutput(), b""
    for number, size in enumerate(sizes):
        piece = bytes([97 + number % 26]) * size
        whole += piece
        output.add(piece)
    text, dropped_bytes = output.take()
    assert dropped_bytes == max(len(whole) - HEAD_BYTES - TAIL_BYTES, 0)
    assert text.startswith(whole[:HEAD_BYTES].decode())
    assert text.endswith(whole[-TAIL_BYTES:].decode())
    assert (dropped_bytes > 0) == ("bytes not kept" in text)


def test_each_take_begins_anew():
    output = CappedOutput()
    output.add(b"one")
    assert output.take() == ("one", 0)
    assert output.take() == ("", 0)


def test_a_pipe_is_read_even_where_nobody_asks_and_its_end_is_kept():
    reader, writer = os.pipe()
    output = DrainedOutput(os.fdopen(reader, "rb", buffering=0))
    with os.fdopen(writer, "wb", buffering=0) as pipe:
        for _ in range(100):
            pipe.write(b"x" * 65_536)
        pipe.write(b"end")
        text, dropped_bytes = output.take()
        assert text.endswith("end")
        assert dropped_bytes > 6_000_000
        pipe.write(b"more")
    output.close()
    assert output.take() == ("more", 0)
