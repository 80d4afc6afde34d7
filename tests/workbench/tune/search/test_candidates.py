"""Candidates: AWS takes each of them, each once, and today's first."""

import pytest

from tests.workbench.tune.search.plain import queue
from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping, SourceKind
from workbench.tune.search.candidates import (
    GRIDS,
    candidates,
    changed,
    parse_vary,
    setting_name,
    value_of,
)
from workbench.tune.simulate.settings import Settings


@pytest.mark.parametrize("kind", GRIDS)
def test_a_grid_has_the_captured_configuration_first_and_each_one_once(kind: SourceKind) -> None:
    current = Settings(kind=kind, mapping=EventSourceMapping().completed(kind))

    found = candidates(current)

    assert found[0].settings == current
    assert found[0].is_current
    assert not any(each.is_current for each in found[1:])
    assert len({repr(each.settings) for each in found}) == len(found)
    assert len(found) <= 100
    for each in found:
        each.settings.mapping.completed(kind)
        assert changed(current, each.changes) == each.settings


def test_a_captured_value_off_the_grid_is_varied_around() -> None:
    found = candidates(queue(batch_size=7))

    assert {each.settings.mapping.batch_size for each in found} >= {1, 7, 10, 50}


def test_large_batches_without_a_window_are_left_out() -> None:
    found = candidates(
        queue(), {"batch_size": (100,), "maximum_batching_window_in_seconds": (0, 1)}
    )

    assert [dict(each.changes) for each in found] == [
        {},
        {"maximum_batching_window_in_seconds": 1},
        {"batch_size": 100, "maximum_batching_window_in_seconds": 1},
    ]


def test_where_aws_refuses_everything_that_was_asked_its_reason_is_said() -> None:
    with pytest.raises(UsageError, match="must be greater than 0"):
        candidates(queue(), {"batch_size": (100,)})
    with pytest.raises(UsageError, match="unsupported parameter for an SQS event source"):
        candidates(queue(), {"parallelization_factor": (2,)})


def test_one_value_that_aws_refuses_is_not_left_out_in_silence() -> None:
    with pytest.raises(UsageError, match="10000"):
        candidates(queue(), {"batch_size": (5, 99_999)})
    with pytest.raises(UsageError, match="10000"):
        candidates(queue(), {"batch_size": (99_999,), "max_receive_count": (3,)}, ["batch_size"])


def test_what_is_fixed_stays() -> None:
    found = candidates(queue(batch_size=5), fixed=["batch_size"])

    assert {each.settings.mapping.batch_size for each in found} == {5}


def test_a_queue_is_not_hidden_for_less_than_its_function_may_take() -> None:
    before = queue(timeout_s=60.0, visibility_timeout_s=360.0)

    with pytest.raises(UsageError, match="less than the function timeout of 60 s"):
        changed(before, {"visibility_timeout_s": 30})
    assert changed(before, {"visibility_timeout_s": 60}).visibility_timeout_s == 60


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"memory_mb": 64}, "between 128 and 10,240"),
        ({"colour": 3}, "wanted one of batch_size"),
        ({"batch_size": None}, "cannot be taken away"),
        ({"maximum_concurrency": 1}, "must be between 2 and 1000"),
        ({"max_receive_count": 0}, "between 1 and 1,000"),
    ],
)
def test_what_cannot_be_set_is_refused(changes: dict[str, int | None], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        changed(queue(), changes)


def test_too_many_combinations_are_refused() -> None:
    with pytest.raises(UsageError, match="vary fewer values"):
        candidates(queue(), {"batch_size": range(1, 200), "maximum_concurrency": range(2, 200)})


@pytest.mark.parametrize(
    "text", ["batch_size", "batch_size=a", "batch_size=1,,2", "colour=1", "=1"]
)
def test_what_vary_cannot_mean_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="wanted"):
        parse_vary([text])


def test_a_setting_is_varied_once() -> None:
    with pytest.raises(UsageError, match="found it again"):
        parse_vary(["batch_size=1", "BatchSize=2"])


def test_settings_are_known_by_awss_names_too() -> None:
    assert setting_name("MaximumConcurrency") == "maximum_concurrency"
    assert setting_name("maxReceiveCount") == "max_receive_count"
    assert setting_name("ReservedConcurrentExecutions") == "reserved_concurrency"
    assert value_of(queue(memory_mb=1024), setting_name("MemorySize")) == 1024
