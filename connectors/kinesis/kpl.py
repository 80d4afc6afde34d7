"""Opens what the Kinesis Producer Library packs: many user records in one Kinesis record.

A packed record is four magic bytes, a protobuf message, and the MD5 of that message. Whatever is
not exactly so is a plain record. The message is read here field by field, so that a hostile one
costs no more than its own size and never raises.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16
_LONGEST_KEY = 256
"""Characters of a partition key, AWS's limit: a longer one could never have been sent."""
_HASH_KEY = re.compile(r"[0-9]{1,39}", re.ASCII)
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class UserRecord:
    """One record as the producer gave it to the library."""

    sub_sequence: int
    """Its place; all records of one aggregate share the outer sequence number."""
    partition_key: str | None
    """None: the aggregate names none that could have been sent."""
    explicit_hash_key: str | None
    """Decimal; None: it has none, so its partition key is hashed."""
    data: bytes | None
    """None: damaged."""

    def hash_key(self) -> int | None:
        """Where it belongs in the stream's key space; None where its keys are damaged.

        Source: Kinesis API reference, PutRecord.
        """
        if self.explicit_hash_key is not None:
            found = _HASH_KEY.fullmatch(self.explicit_hash_key)
            return int(self.explicit_hash_key) if found else None
        if self.partition_key is None:
            return None
        key = self.partition_key.encode("utf-8", "surrogateescape")
        return int.from_bytes(hashlib.md5(key, usedforsecurity=False).digest())


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What one packed record holds."""

    user_records: tuple[UserRecord, ...]
    error: str | None = None
    """Where its message could not be read any further; the records before that are there."""


def opened_aggregate(data: bytes) -> Aggregate | None:
    r"""The user records in the data of a Kinesis record; None: a plain record.

    Args:
        data: Decoded, as GetRecords of boto3 gives it.

    Example:
        >>> opened_aggregate(b'{"order": 1}') is None
        True
        >>> message = b"\x0a\x01k" + b"\x1a\x05\x08\x00\x1a\x01x"
        >>> packed = MAGIC + message + hashlib.md5(message).digest()
        >>> opened_aggregate(packed).user_records
        (UserRecord(sub_sequence=0, partition_key='k', explicit_hash_key=None, data=b'x'),)

    Source: amazon-kinesis-producer, aggregation-format.md.
    """
    if len(data) <= len(MAGIC) + _DIGEST_BYTES or not data.startswith(MAGIC):
        return None
    message = data[len(MAGIC) : -_DIGEST_BYTES]
    digest = hashlib.md5(message, usedforsecurity=False).digest()
    if digest != data[-_DIGEST_BYTES:]:
        return None
    tables: dict[int, list[bytes]] = {1: [], 2: [], 3: []}
    error = None
    try:
        for number, value in _fields(message):
            if number in tables and isinstance(value, bytes):
                tables[number].append(value)
    except ValueError as damage:
        error = str(damage)
    keys = [_key(each) for each in tables[1]]
    hash_keys = [each.decode("utf-8", "surrogateescape") for each in tables[2]]
    records = tuple(
        _user_record(place, each, keys, hash_keys) for place, each in enumerate(tables[3])
    )
    return Aggregate(records, error)


def is_inside(user_record: UserRecord, starting_hash_key: int, ending_hash_key: int) -> bool | None:
    """Whether a user record belongs to the shard that it was read from; None: its keys are damaged.

    If one does not, the Kinesis Client Library drops *all* records of its aggregate in silence.

    Args:
        user_record: Out of an aggregate.
        starting_hash_key: Of the shard.
        ending_hash_key: Of the shard, inclusive.

    Example:
        >>> is_inside(UserRecord(0, "a", "7", b""), 0, 6)
        False

    Source: amazon-kinesis-client, AggregatorUtil.
    """
    hash_key = user_record.hash_key()
    return None if hash_key is None else starting_hash_key <= hash_key <= ending_hash_key


def _user_record(
    place: int, message: bytes, keys: list[str | None], hash_keys: list[str]
) -> UserRecord:
    found: dict[int, int | bytes] = {}
    try:
        found = dict(_fields(message))
    except ValueError:
        return UserRecord(place, None, None, None)
    key, hash_key, data = found.get(1), found.get(2), found.get(3)
    explicit = None
    if hash_key is not None:
        # An index that leads nowhere is damage, and not the same as no explicit hash key.
        explicit = _at(hash_keys, hash_key) or ""
        explicit = explicit if _HASH_KEY.fullmatch(explicit) else ""
    return UserRecord(place, _at(keys, key), explicit, data if isinstance(data, bytes) else None)


def _at(table: list[str] | list[str | None], index: object) -> str | None:
    return table[index] if isinstance(index, int) and index < len(table) else None


def _key(text: bytes) -> str | None:
    key = text.decode("utf-8", "surrogateescape")
    return key if 0 < len(key) <= _LONGEST_KEY else None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field, in order; ValueError where the message is damaged."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in (_FIXED_64, _FIXED_32):
            size = 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError(f"a field of a known kind was wanted at byte {at}, found kind {kind}")
        if size > end - at:
            raise ValueError(f"{size} bytes were wanted at byte {at}, found {end - at}")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of at most 64 bits and where it ends."""
    value = 0
    for place, byte in enumerate(message[at : at + 10]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value & (2**64 - 1), at + place + 1
    raise ValueError(f"a number was wanted at byte {at}, found one without an end")
