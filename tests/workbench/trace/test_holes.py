"""Every hole comes with something to do about it."""

import pytest

from connectors.record import Cause
from workbench.trace.holes import advice


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_advice_of_its_own(cause: Cause) -> None:
    assert advice(cause) != advice(None)
    assert [other for other in Cause if advice(other) == advice(cause)] == [cause]


def test_a_cause_that_a_newer_workbench_knows_has_advice_too() -> None:
    assert advice("sun_storm") == advice(None) == "start the same capture again"
