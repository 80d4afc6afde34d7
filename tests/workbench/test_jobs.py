"""Work in a thread of its own says how far it is, stops when asked, and keeps what it has."""

import threading
import time
from collections.abc import Iterator

import pytest

from workbench.jobs import TELLING_S, Job, JobCancelledError, JobProgress, Report


class Hands:
    """A clock that somebody moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def go_on() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def counted(job: "Job[object]", done: int) -> JobProgress:
    while job.progress().done < done:
        time.sleep(0.001)
    return job.progress()


def test_a_job_gives_its_result() -> None:
    job = Job(lambda report: 6 * 7, "answering")

    assert job.wait(10) == 42
    assert job.progress().state == "done"


def test_a_job_says_rate_and_remaining_time(go_on: threading.Event) -> None:
    hands = Hands()

    def work(report: Report) -> None:
        report.count(50, 200)
        go_on.wait(10)

    job = Job(work, "counting", "records", hands)
    counted(job, 50)
    hands.now_s = 5.0
    now = job.progress()

    assert (now.rate_per_second, now.remaining_s, now.elapsed_s) == (10.0, 15.0, 5.0)
    assert str(now) == "running: 50 of 200 records in 5.0 s, 10/s, 15 s left"


def test_the_rate_is_that_of_late(go_on: threading.Event) -> None:
    hands = Hands()
    steps = iter([(0.0, 0), (10.0, 1_000), (20.0, 1_100), (30.0, 1_200)])
    turn = threading.Semaphore(0)

    def work(report: Report) -> None:
        for at_s, done in steps:
            hands.now_s = at_s
            report.count(done, 10_000)
        turn.release()
        go_on.wait(10)

    job = Job(work, "slowing down", "records", hands)
    turn.acquire()

    assert job.progress().rate_per_second == pytest.approx(10.0)


def test_a_cancelled_job_keeps_what_it_has() -> None:
    def work(report: Report) -> int:
        done = 0
        while not report.stop.wait(0.001):
            done += 1
            report.count(done)
        return done

    job = Job(work, "going on")
    counted(job, 3)
    job.cancel()

    assert job.wait(1) >= 3
    assert job.progress().state == "cancelled"


def test_work_that_cannot_stop_by_itself_is_stopped_where_it_reports() -> None:
    def work(report: Report) -> None:
        done = 0
        while True:
            report(done)
            done += 1
            time.sleep(0.001)

    job = Job(work, "going on")
    counted(job, 3)
    job.cancel()

    with pytest.raises(JobCancelledError):
        job.wait(1)
    assert job.progress().state == "cancelled"
    assert job.progress().error is None


def test_a_failure_is_one_line_and_is_raised_to_who_waits() -> None:
    def work(report: Report) -> None:
        raise ValueError("no such <thing>\nand a long story")

    job = Job(work, "failing")

    with pytest.raises(ValueError, match="no such"):
        job.wait(10)
    assert job.progress().error == "no such <thing>"
    assert "&lt;thing&gt;" in job._repr_html_()
    assert "<thing>" not in job._repr_html_()


def test_who_waits_for_a_job_that_goes_on_is_told_how_far_it_is(go_on: threading.Event) -> None:
    job = Job(lambda report: go_on.wait(10), "waiting")

    with pytest.raises(TimeoutError, match="waiting goes on: running"):
        job.wait(0.01)


def test_listeners_are_told_seldom_and_of_the_end() -> None:
    heard: list[JobProgress] = []

    def work(report: Report) -> None:
        for done in range(3_000):
            report.count(done + 1, 3_000)
            time.sleep(0.0001)

    job = Job(work, "counting")
    job.listen(heard.append).join(30)

    assert heard[-1].state == "done"
    assert heard[-1].done == 3_000
    assert len(heard) <= heard[-1].elapsed_s / TELLING_S + 2


def test_a_listener_that_fails_does_not_harm_the_job(go_on: threading.Event) -> None:
    def listener(progress: JobProgress) -> None:
        raise RuntimeError("the page is gone")

    def work(report: Report) -> str:
        go_on.wait(0.3)
        return "fine"

    job = Job(work, "working")
    job.listen(listener).join(10)

    assert job.wait(10) == "fine"


def test_an_interrupt_while_waiting_cancels_and_gives_the_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work(report: Report) -> str:
        report.stop.wait(10)
        return "a part"

    job = Job(work, "going on")
    waiting, presses = job._ended.wait, iter([KeyboardInterrupt])

    def wait(timeout_s: float | None = None) -> bool:
        for press in presses:
            raise press
        return waiting(timeout_s)

    monkeypatch.setattr(job._ended, "wait", wait)

    assert job.wait() == "a part"
    assert job.progress().state == "cancelled"
