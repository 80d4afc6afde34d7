"""The duration of a batch follows from base, records, bytes and spread."""

from workbench.tune.durations.model import DurationModel


def test_a_duration_is_base_and_records_and_bytes() -> None:
    model = DurationModel(base_ms=50, per_record_ms=5, per_byte_ms=0.01)

    assert model.median_ms(10, 1_000) == 110


def test_a_slower_handler_is_slower_in_every_part() -> None:
    model = DurationModel(base_ms=50, per_record_ms=5, per_byte_ms=0.01)

    assert model.slower(2).median_ms(10, 1_000) == 220
