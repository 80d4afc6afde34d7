"""Compresses the message of a log subscription as CloudWatch Logs did, so that it comes back byte for byte.

Deflate has no one form: level and header decide. Which ones AWS used is found by trying them when a message is
imported; where none gives the same bytes, the message comes back equal in content only.
"""

import zlib
from dataclasses import dataclass
from typing import Any

from connectors.answers import compact_json

_GZIP = b"\x1f\x8b"
_GZIP_HEADER_BYTES = 10
_LEVELS = (6, 9, 1)
_ZLIB_LEVEL = {0x01: 1, 0x5E: 5, 0x9C: 6, 0xDA: 9}


@dataclass(frozen=True, slots=True)
class Packing:
    """How a message was compressed."""

    header: str = "1f8b0800000000000000"
    """The first bytes, hexadecimal: ten of gzip, or two of zlib. The default is what Java's GZIPOutputStream writes."""
    level: int = 6


def packed(message: Any, packing: Packing) -> bytes:
    """The message as compressed JSON text.

    Example:
        >>> packed({}, Packing())[:3].hex()
        '1f8b08'
    """
    text = compact_json(message).encode()
    header = bytes.fromhex(packing.header)
    if not header.startswith(_GZIP):
        return zlib.compress(text, packing.level)
    deflater = zlib.compressobj(packing.level, zlib.DEFLATED, -zlib.MAX_WBITS)
    size = len(text) & 0xFFFFFFFF
    tail = zlib.crc32(text).to_bytes(4, "little") + size.to_bytes(4, "little")
    return header + deflater.compress(text) + deflater.flush() + tail


def packing_of(found: bytes, text: bytes, message: Any) -> Packing | None:
    """The packing that gives these very bytes; None where none is known.

    Example:
        >>> packing_of(zlib.compress(b"{}", 9), b"{}", {})
        Packing(header='78da', level=9)
    """
    if compact_json(message).encode() != text:
        return None
    is_gzip = found.startswith(_GZIP)
    if is_gzip and found[3:4] != b"\0":  # names and comments stand in the header
        return None
    header = found[: _GZIP_HEADER_BYTES if is_gzip else 2].hex()
    levels = _LEVELS if is_gzip else (_ZLIB_LEVEL.get(found[1], 6),)
    tried = (Packing(header, level) for level in levels)
    return next((packing for packing in tried if packed(message, packing) == found), None)
