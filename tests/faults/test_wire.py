"""Every fault on the wire, on every connector, at every page, through the capture loop into a trace.

After each: the capture has ended, everything is stored, or a hole says what is not.
"""

from collections.abc import Iterator
from concurrent.futures import Future
from itertools import product

import pytest

from tests.faults.wire_access import no_pauses
from tests.faults.wire_aws import AT_ONCE, RECORDS, came_at, record_id
from tests.faults.wire_capture import SOURCES, Case, Outcome, captures
from tests.faults.wire_faults import FAULTS

QUEUES = ("sqs", "sns")
PAGES = (*range(RECORDS // AT_ONCE), None)
CASES = [
    Case(source, fault, page)
    for fault, source, page in product(FAULTS, SOURCES, PAGES)
    if source in fault.of
    and not (page is None and fault.name == "an expired iterator")
    and not (page != 1 and fault.heavy)
]


Outcomes = dict[Case, "Future[Outcome]"]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outcomes]:
    """What came of every case that is asked for."""
    wanted = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module.__name__ == __name__
    ]
    with pytest.MonkeyPatch.context() as patch:
        no_pauses(patch)
        with captures(wanted, tmp_path_factory.mktemp("wire")) as on_their_way:
            yield on_their_way


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_fault_ends_a_capture_in_silence(case: Case, outcomes: Outcomes) -> None:
    outcome = outcomes[case].result()
    missing = outcome.missing(case.source)

    assert outcome.ended, f"it does not end; it asked {outcome.last_asked} last"
    assert not (outcome.complete and missing)
    # A tap never knows what was published before its first message came.
    assert outcome.complete or missing or case.source == "sns", outcome.error
    assert not (missing and case.fault.error is None)
    assert says_what_is_missing(case, outcome), (missing, outcome.holes)
    assert says_no_more_than_is_missing(case, outcome), (missing, outcome.holes)
    before = range(AT_ONCE if case.page is None else case.page * AT_ONCE)
    assert {record_id(case.source, number) for number in before} <= outcome.stored.keys()
    if case.source not in QUEUES:
        assert max(outcome.stored.values(), default=0) <= 1


def says_what_is_missing(case: Case, outcome: Outcome) -> bool:
    """Whether each missing record lies in a hole.

    Of a queue nobody knows when what never came was sent: there it is enough that something is said.
    """
    missing = outcome.missing(case.source)
    if case.source == "sqs":
        return bool(outcome.holes or outcome.error or not missing)
    return all(
        any(hole.from_at <= came_at(number, case.source) <= hole.to_at for hole in outcome.holes)
        for number in missing
    )


def says_no_more_than_is_missing(case: Case, outcome: Outcome) -> bool:
    """Whether no record that is stored lies within a hole; a pass over logs proves nothing before its end."""
    stored = set(range(RECORDS)) - set(outcome.missing(case.source))
    return case.source in (*QUEUES, "logs") or not any(
        hole.from_at < came_at(number) < hole.to_at for hole in outcome.holes for number in stored
    )
