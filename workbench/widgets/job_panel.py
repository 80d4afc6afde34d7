"""A job in a notebook: what it is, how far it is, how long it will take, a button that stops it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import anywidget
import traitlets

from workbench.jobs import Job, JobProgress
from workbench.markup import visible
from workbench.widgets.view import page, style

Ended = Callable[[], object]


class JobLine(anywidget.AnyWidget):
    """What a panel with a job has; its page draws `progress` by `jobLine`.

    Attributes:
        job: the one that goes on, or that ended last; None before the first.
        progress: what the page draws: `title`, `state`, `done`, `total`, `figures`, `error`; empty before the first.
    """

    progress = traitlets.Dict().tag(sync=True)
    job: Job[Any] | None = None
    _telling: threading.Thread | None = None

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._asked_to_cancel)

    def watch(self, job: Job[Any], ended: Ended = lambda: None) -> None:
        """Show a job in place of the one before, which goes on unseen; one that has ended already, too.

        Args:
            job: the job.
            ended: called once when it has ended, on a thread of the job's.
        """
        self.job = job
        self._tell(job, lambda: None, job.progress())
        self._telling = job.listen(partial(self._tell, job, ended))

    def finish(self) -> None:
        """Wait until the job has ended, however, and the page is told so; nothing where there is none."""
        if self._telling is not None:
            self._telling.join()

    @property
    def is_busy(self) -> bool:
        """Whether a job goes on."""
        return self.job is not None and not self.job.ended(0)

    def _tell(self, job: Job[Any], ended: Ended, now: JobProgress) -> None:
        if job is not self.job:
            return
        try:
            if now.state != "running":
                ended()
        finally:
            state, _, figures = str(replace(now, error=None)).partition(":")
            self.progress = {
                "title": visible(job.title),
                "state": state,
                "figures": visible(f":{figures}"),
                "done": now.done,
                "total": now.total,
                "error": now.error,
            }

    def _asked_to_cancel(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """At once, whatever a view's thread is busy with: asking waits for nothing."""
        if content == {"kind": "cancel"} and self.job is not None:
            self.job.cancel()


class JobPanel(JobLine):
    """Any job, to watch and to stop; `job_panel` makes one.

    Example:
        >>> panel = job_panel(job)           # doctest: +SKIP
        >>> panel.job.wait()                 # doctest: +SKIP
    """

    _esm = page("job_panel")
    _css = style()

    def __init__(self, job: Job[Any]) -> None:
        super().__init__()
        self.watch(job)

    def static_html(self) -> str:
        """How far it was, for where no kernel runs."""
        return self.job._repr_html_() if self.job else ""

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live panel, and what it says without script."""
        live, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return live | {"text/html": self.static_html(), "text/plain": repr(self.job)}, metadata

    def __repr__(self) -> str:
        return f"<JobPanel of {self.job!r}>"


def job_panel(job: Job[Any]) -> JobPanel:
    """A job to watch and to stop.

    Args:
        job: one that goes on, or has ended.

    Returns:
        A widget; closing it does not stop the job.

    Example:
        >>> job_panel(panel.start())  # doctest: +SKIP
    """
    return JobPanel(job)
