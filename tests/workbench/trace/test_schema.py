"""The columns of a trace: as documented, and of types that Parquet and DuckDB keep without loss."""

import pyarrow as pa
import pytest

from connectors.record import Record
from workbench.trace.schema import CATALOG_RELATIONS, INSTANT, RECORDS, SEGMENT_RELATIONS

RELATIONS = SEGMENT_RELATIONS | CATALOG_RELATIONS
KEPT_WITHOUT_LOSS = {
    pa.int32(),
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    pa.string(),
    pa.binary(),
    pa.binary(16),
    INSTANT,
}
"""128-bit integers are not among them: DuckDB writes those to Parquet as DOUBLE."""
OURS = {"delivery_id", "capture_id", "body_hash", "body_bytes", "parse_status"}
"""What a row of `records` says beyond what its connector gave."""


def test_a_row_of_records_has_every_field_of_a_record_and_ours() -> None:
    before_redaction = {"original_hash", "original_bytes"}  # they are what two columns of ours hold

    assert set(RECORDS.names) == set(Record.__slots__) - before_redaction | OURS


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_column_is_kept_without_loss(relation: str) -> None:
    assert {field.type for field in RELATIONS[relation]} <= KEPT_WITHOUT_LOSS


@pytest.mark.parametrize("relation", RELATIONS)
def test_names_say_what_they_count_in(relation: str) -> None:
    for field in RELATIONS[relation]:
        assert field.name.endswith("_at") == (field.type == INSTANT), field.name
        if field.name.endswith(("_bytes", "_ms", "_count", "_size")):
            assert pa.types.is_integer(field.type) or field.type == pa.float64(), field.name
