"""What the Kinesis Producer Library packed into a record, opened for SQL: the relation `user_records`.

Derived from `records` whenever it is asked for: nothing is stored twice, and a trace without aggregates pays nothing,
because their first bytes single them out before Python is called.
"""

import pyarrow as pa

from connectors.kinesis.kpl import UserRecord, opened_aggregate
from workbench.trace.payload import body_hash

OPENED = (
    "STRUCT(sub_sequence INTEGER, partition_key VARCHAR, explicit_hash_key VARCHAR, body BLOB, body_hash BLOB, "
    "hash_key VARCHAR)[]"
)
"""The DuckDB type of `opened_aggregates`."""
_MEMBERS: dict[str, pa.DataType] = {
    "sub_sequence": pa.int32(),
    "partition_key": pa.string(),
    "explicit_hash_key": pa.string(),
    "body": pa.binary(),
    "body_hash": pa.binary(),
    "hash_key": pa.string(),
}


def opened_aggregates(bodies: pa.ChunkedArray) -> pa.Array:
    """The user records of each body as a list of structures; an empty one for a plain record."""
    offsets: list[int] = [0]
    rows: list[tuple[object, ...]] = []
    for body in bodies:
        found = opened_aggregate(body.as_py())
        rows += [_row(each) for each in found.user_records] if found else ()
        offsets.append(len(rows))
    columns = zip(*rows, strict=True) if rows else [()] * len(_MEMBERS)
    arrays = [
        pa.array(column, kind) for column, kind in zip(columns, _MEMBERS.values(), strict=True)
    ]
    values = pa.StructArray.from_arrays(arrays, names=list(_MEMBERS))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _row(record: UserRecord) -> tuple[object, ...]:
    data, hash_key = record.data, record.hash_key()
    return (
        record.sub_sequence,
        _text(record.partition_key),
        _text(record.explicit_hash_key),
        data,
        None if data is None else body_hash(data),
        None if hash_key is None else str(hash_key),
    )


def _text(key: str | None) -> str | None:
    """A key as text that can be shown, also where it was sent as no UTF-8."""
    return None if key is None else key.encode("utf-8", "replace").decode()
