"""Packing is the other way round of opening, byte by byte as the library itself packs."""

import json
from base64 import b64decode
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from connectors.kinesis.kpl import opened_aggregate
from datasets.aws.kpl import ToPack, packed

RECORDS = st.builds(
    ToPack,
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=256),
    st.binary(max_size=300),
    st.none() | st.integers(0, 2**128 - 1),
)


@given(st.lists(RECORDS, min_size=1, max_size=20))
def test_what_is_packed_is_opened_again(records: list[ToPack]) -> None:
    opened = opened_aggregate(packed(records))

    assert opened is not None
    assert opened.error is None
    told = [
        (r.sub_sequence, r.partition_key, r.explicit_hash_key, r.data) for r in opened.user_records
    ]
    assert told == [
        (
            place,
            record.partition_key,
            None if record.explicit_hash_key is None else str(record.explicit_hash_key),
            record.data,
        )
        for place, record in enumerate(records)
    ]


def test_records_of_the_library_itself_are_packed_alike(shared_events: Path) -> None:
    vectors = json.loads((shared_events / "kinesis-aggregation" / "kpl_vectors.json").read_text())
    tried = 0
    for data in _data_in(vectors):
        opened = opened_aggregate(data)
        if opened is None or opened.error is not None or not opened.user_records:
            continue
        records = [
            ToPack(
                r.partition_key or "",
                r.data or b"",
                int(r.explicit_hash_key) if r.explicit_hash_key else None,
            )
            for r in opened.user_records
        ]
        again = opened_aggregate(packed(records))
        assert again is not None
        assert again.user_records == opened.user_records
        tried += 1
    assert tried


def _data_in(value: object) -> list[bytes]:
    """Every text that is an aggregate in base64."""
    if isinstance(value, dict):
        return [data for each in value.values() for data in _data_in(each)]
    if isinstance(value, list):
        return [data for each in value for data in _data_in(each)]
    if isinstance(value, str) and value.startswith("84mawg"):
        return [b64decode(value)]
    return []
