"""Messages of log subscriptions, compressed again to the very bytes that came."""

import gzip
import zlib

import pytest

from connectors.answers import compact_json
from connectors.files.packing import Packing, packed, packing_of

MESSAGE = {"logGroup": "g", "logEvents": [{"id": str(n), "message": "hello"} for n in range(50)]}
TEXT = compact_json(MESSAGE).encode()


@pytest.mark.parametrize("level", [1, 6, 9])
def test_gzip_comes_back_with_its_header_and_level(level: int) -> None:
    found = gzip.compress(TEXT, level, mtime=1_700_000_000)
    packing = packing_of(found, TEXT, MESSAGE)
    assert packing is not None
    assert packed(MESSAGE, packing) == found


@pytest.mark.parametrize("level", [1, 6, 9])
def test_zlib_comes_back_as_zlib(level: int) -> None:
    found = zlib.compress(TEXT, level)
    packing = packing_of(found, TEXT, MESSAGE)
    assert packing is not None
    assert packed(MESSAGE, packing) == found


def test_what_cannot_be_repeated_is_told() -> None:
    named = bytearray(gzip.compress(TEXT))
    named[3] = 8
    assert packing_of(bytes(named), TEXT, MESSAGE) is None
    spaced = b'{"a": 1}'
    assert packing_of(gzip.compress(spaced), spaced, {"a": 1}) is None
    assert packing_of(gzip.compress(TEXT, 0), TEXT, MESSAGE) is None


def test_without_a_known_packing_it_is_gzip_that_anyone_opens() -> None:
    assert gzip.decompress(packed(MESSAGE, Packing())) == TEXT
