"""The relations of a trace and their columns, as Arrow schemas: the format that segments are written in."""

import pyarrow as pa

FORMAT_VERSION = 3
"""Raised by one with each change of the columns or the catalog; an older trace is upgraded step by step."""

INSTANT = pa.timestamp("us", tz="UTC")

RECORDS = pa.schema(
    [
        ("delivery_id", pa.int64()),
        ("capture_id", pa.string()),
        ("service", pa.string()),
        ("source_arn", pa.string()),
        ("partition_id", pa.string()),
        ("record_id", pa.string()),
        ("sequence_number", pa.string()),
        ("ordering_key", pa.string()),
        ("order_scope", pa.string()),
        ("source_at", INSTANT),
        ("received_at", INSTANT),
        ("receive_count", pa.int32()),
        ("body", pa.binary()),
        ("body_hash", pa.binary(16)),
        ("body_bytes", pa.int32()),
        ("parse_status", pa.string()),
        ("attributes", pa.string()),
        ("envelope", pa.string()),
    ]
)

COMPACTED = pa.schema(
    [
        *RECORDS,
        ("reading", pa.string()),
        ("key", pa.string()),
        ("sequence", pa.int64()),
        ("event_at", INSTANT),
    ]
)
"""Segments of `records` that were compacted: how each payload can be read, and the trace's business fields."""

RUNS = pa.schema(
    [
        ("run_id", pa.string()),
        ("source_arn", pa.string()),
        ("handler", pa.string()),
        ("mapping", pa.string()),
        ("isolation", pa.string()),
        ("started_at", INSTANT),
        ("ended_at", INSTANT),
        ("summary", pa.string()),
    ]
)

RUN_PLANS = pa.schema([("run_id", pa.string()), ("started_at", INSTANT), ("plan", pa.string())])
"""Written when a run begins: one that was killed has a plan and no row in `runs`."""

INVOCATIONS = pa.schema(
    [
        ("run_id", pa.string()),
        ("invocation_id", pa.string()),
        ("batch_size", pa.int32()),
        ("closed_by", pa.string()),
        ("event", pa.string()),
        ("response", pa.string()),
        ("error_type", pa.string()),
        ("started_at", INSTANT),
        ("duration_ms", pa.float64()),
        ("cold", pa.bool_()),
        ("billed_ms", pa.int64()),
        ("max_memory_bytes", pa.int64()),
    ]
)

OUTCOMES = pa.schema(
    [
        ("run_id", pa.string()),
        ("invocation_id", pa.string()),
        ("attempt", pa.int32()),
        ("delivery_id", pa.int64()),
        ("record_id", pa.string()),
        ("partition_id", pa.string()),
        ("verdict", pa.string()),
        ("error_type", pa.string()),
        ("error_message", pa.string()),
        ("started_at", INSTANT),
        ("duration_ms", pa.float64()),
    ]
)

EFFECTS = pa.schema(
    [
        ("run_id", pa.string()),
        ("invocation_id", pa.string()),
        ("ordinal", pa.int32()),
        ("service", pa.string()),
        ("operation", pa.string()),
        ("parameters", pa.string()),
        ("answered_with", pa.string()),
    ]
)

DESTINATION_RECORDS = pa.schema(
    [
        ("run_id", pa.string()),
        ("invocation_id", pa.string()),
        ("destination_arn", pa.string()),
        ("condition", pa.string()),
        ("sent_at", INSTANT),
        ("object_key", pa.string()),
        ("document", pa.string()),
    ]
)

SEGMENT_RELATIONS: dict[str, pa.Schema] = {
    "records": RECORDS,
    "runs": RUNS,
    "run_plans": RUN_PLANS,
    "invocations": INVOCATIONS,
    "outcomes": OUTCOMES,
    "effects": EFFECTS,
    "destination_records": DESTINATION_RECORDS,
}
"""Kept as Parquet segments, live when the catalog says so."""


def segment_schema(relation: str, *, compacted: bool) -> pa.Schema:
    """The columns of a segment of the relation."""
    return COMPACTED if compacted and relation == "records" else SEGMENT_RELATIONS[relation]


COVERAGE = pa.schema(
    [
        ("source_arn", pa.string()),
        ("partition_id", pa.string()),
        ("from_at", INSTANT),
        ("to_at", INSTANT),
        ("state", pa.string()),
        ("cause", pa.string()),
        ("capture_id", pa.string()),
    ]
)

RESOURCES = pa.schema(
    [
        ("source_arn", pa.string()),
        ("kind", pa.string()),
        ("observed_at", INSTANT),
        ("document", pa.string()),
        ("capture_id", pa.string()),
    ]
)

PEEK_EFFECTS = pa.schema(
    [
        ("source_arn", pa.string()),
        ("record_id", pa.string()),
        ("received_at", INSTANT),
        ("receive_count", pa.int32()),
        ("receives_left", pa.int32()),
        ("hidden_until_at", INSTANT),
        ("given_back_at", INSTANT),
        ("capture_id", pa.string()),
    ]
)

AUDIT = pa.schema(
    [
        ("entry_id", pa.int64()),
        ("done_at", INSTANT),
        ("action", pa.string()),
        ("detail", pa.string()),
    ]
)

CATALOG_RELATIONS: dict[str, pa.Schema] = {
    "coverage": COVERAGE,
    "resources": RESOURCES,
    "peek_effects": PEEK_EFFECTS,
    "audit": AUDIT,
}
"""Kept in the catalog itself: small, and written in the same commit as the records they speak of."""
