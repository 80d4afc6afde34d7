"""Packs user records as the Kinesis Producer Library does: the other way round of what the connector opens.

Magic bytes, a protobuf message of two key tables and the records, and the MD5 of that message.

Source: amazon-kinesis-producer, aggregation-format.md.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.kinesis.kpl import MAGIC


@dataclass(frozen=True, slots=True)
class ToPack:
    """A record as a producer gives it to the library."""

    partition_key: str
    data: bytes
    explicit_hash_key: int | None = None


def packed(records: Sequence[ToPack]) -> bytes:
    r"""The data of one Kinesis record that carries these.

    Example:
        >>> from connectors.kinesis.kpl import opened_aggregate
        >>> opened = opened_aggregate(packed([ToPack("a", b"1"), ToPack("b", b"2", 7)]))
        >>> [(each.partition_key, each.explicit_hash_key, each.data) for each in opened.user_records]
        [('a', None, b'1'), ('b', '7', b'2')]
    """
    keys = list(dict.fromkeys(each.partition_key for each in records))
    explicit = [each.explicit_hash_key for each in records if each.explicit_hash_key is not None]
    hash_keys = list(dict.fromkeys(explicit))
    message = b"".join(
        [
            *(_bytes(1, key.encode()) for key in keys),
            *(_bytes(2, str(key).encode()) for key in hash_keys),
            *(_bytes(3, _record(each, keys, hash_keys)) for each in records),
        ]
    )
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _record(record: ToPack, keys: list[str], hash_keys: list[int]) -> bytes:
    parts = [_number(1, keys.index(record.partition_key))]
    if record.explicit_hash_key is not None:
        parts.append(_number(2, hash_keys.index(record.explicit_hash_key)))
    return b"".join([*parts, _bytes(3, record.data)])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])
