"""Any job as a panel: how far it is, and a button that stops it."""

import threading
from collections.abc import Iterator

import pytest
import traitlets

from workbench.jobs import Job, Report
from workbench.widgets.job_panel import JobPanel, job_panel


@pytest.fixture
def go_on() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def told(panel: JobPanel, state: str) -> None:
    """The panel is told a moment after the job has ended."""
    reached = threading.Event()

    def hear(change: traitlets.Bunch) -> None:
        if change["new"]["state"] == state:
            reached.set()

    panel.observe(hear, "progress")
    assert panel.progress["state"] == state or reached.wait(20)


def test_a_job_is_shown_to_its_end(go_on: threading.Event) -> None:
    def work(report: Report) -> None:
        report.count(50, 200)
        go_on.wait(20)

    panel = job_panel(Job(work, "counting"))
    assert (panel.progress["title"], panel.progress["state"]) == ("counting", "running")

    go_on.set()
    told(panel, "done")
    assert (panel.progress["done"], panel.progress["total"]) == (50, 200)
    assert panel.progress["figures"].startswith(": 50 of 200 records in")


def test_a_job_that_ended_before_is_shown_as_it_ended() -> None:
    job = Job(lambda report: 1 / 0, "dividing")
    job.ended(20)
    panel = job_panel(job)

    assert panel.progress["state"] == "failed"
    assert panel.progress["error"] == "division by zero"
    assert "division" not in panel.progress["figures"]


def test_a_press_cancels() -> None:
    job: Job[bool] = Job(lambda report: report.stop.wait(20), "waiting")
    panel = job_panel(job)
    panel._handle_custom_msg({"kind": "cancel"}, [])

    assert job.wait(20)
    told(panel, "cancelled")


def test_closing_the_panel_lets_the_job_go_on(go_on: threading.Event) -> None:
    job = Job(lambda report: go_on.wait(20), "waiting")
    job_panel(job).close()
    assert job.progress().state == "running"


def test_the_job_before_says_nothing_more(go_on: threading.Event) -> None:
    first, second = Job(lambda report: go_on.wait(20), "one"), Job(lambda report: 2, "two")
    panel = job_panel(first)
    panel.watch(second)
    told(panel, "done")
    go_on.set()
    first.listen(lambda now: None).join(20)

    assert panel.progress["title"] == "two"


def test_the_page_is_told_of_the_end_though_what_should_follow_fails() -> None:
    panel = job_panel(Job(lambda report: 1, "one"))
    go_on = threading.Event()
    panel.watch(Job(lambda report: go_on.wait(20), "two"), lambda: 1 / 0)
    go_on.set()
    told(panel, "done")


def test_hostile_words_stay_words_in_a_saved_notebook() -> None:
    def work(report: Report) -> None:
        raise ValueError("<script>no</script>")

    job = Job(work, "<b>\u202etitle")
    job.ended(20)
    bundle, _ = job_panel(job)._repr_mimebundle_()

    assert "<script>" not in bundle["text/html"]
    assert "\u202e" not in bundle["text/html"]
