"""Settings of mapping, queue and function together say what neither says alone."""

import pytest

from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping
from workbench.tune.simulate.profiles import PROFILES, profile
from workbench.tune.simulate.settings import Settings


def queue(window_s: int, visibility_timeout_s: float) -> Settings:
    mapping = EventSourceMapping(maximum_batching_window_in_seconds=window_s).completed("sqs")
    return Settings(
        kind="sqs", mapping=mapping, timeout_s=30, visibility_timeout_s=visibility_timeout_s
    )


def test_a_window_that_the_visibility_timeout_cannot_hold_makes_it_longer() -> None:
    assert queue(window_s=10, visibility_timeout_s=30).effective_visibility_s == 70
    assert queue(window_s=10, visibility_timeout_s=40).effective_visibility_s == 40
    assert queue(window_s=0, visibility_timeout_s=10).effective_visibility_s == 10


def test_a_profile_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="documented, measured"):
        profile("guessed")


def test_every_profile_says_where_it_comes_from() -> None:
    assert all(each.source for each in PROFILES.values())
