"""What every view in a notebook has: the trace, what is selected, a thread for its questions, words for its troubles.

Front ends call from different threads and must not wait, so a view answers on a thread of its own; of two wishes of a
kind that wait, the newer one alone is met. What a view shows are captured payloads: it sends text, and the page puts
it in as text.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import polars as pl
import traitlets

from workbench.crossfilter import Clause, CrossFilter, crossfilter
from workbench.markup import visible
from workbench.trace import Trace

_HERE = Path(__file__).parent


def page(name: str) -> str:
    """The script of a view's page: what all share, then its own."""
    return _text("page.js") + _text(f"{name}.js")


def style(name: str = "") -> str:
    """The same of its style sheet, where it has one of its own."""
    return _text("view.css") + (_text(f"{name}.css") if name else "")


class View(anywidget.AnyWidget):
    """A view of a trace; each is alone in a cell or a tab of the workbench.

    Attributes:
        trace: what it shows.
        selection: the conditions that all views of the trace share.
        trouble: why it does not show what was asked for, in one line; empty where it does.
        selected_words: what is selected, for people.
    """

    own_clause: ClassVar[str] = ""
    """Name of the condition that it sets itself, which it leaves out; empty for a view that sets none."""
    trouble = traitlets.Unicode().tag(sync=True)
    selected_words = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace: Trace, **traits: Any) -> None:
        self.trace = trace
        self.selection: CrossFilter = crossfilter(trace)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=type(self).__name__)
        self._wishes: dict[str, int] = {}
        self._lock = threading.Lock()
        super().__init__(selected_words=visible(self.selection.words()), **traits)
        self.on_msg(self._told)
        self._deaf = self.selection.listen(self._selected)

    @property
    def sql(self) -> str:
        """The statement whose rows it shows, for any open trace."""
        raise NotImplementedError

    def to_frame(self) -> pl.DataFrame:
        """What it shows, as rows."""
        return self.trace.sql(self.sql)

    def static_html(self) -> str:
        """What it shows, for where no kernel runs: a saved notebook, an export."""
        raise NotImplementedError

    def selection_changed(self) -> None:
        """Show what is selected now; on the view's thread."""

    def message(self, content: dict[str, Any]) -> None:
        """What the page asks for; on the view's thread."""

    def choose(self, clause: Clause | None) -> None:
        """Set or take away the view's own condition.

        Raises:
            UsageError: DuckDB does not accept it.
        """
        self.selection.set(self.own_clause, clause)

    def later(self, kind: str, work: Callable[[], object]) -> None:
        """Do it on the view's thread, unless a newer wish of this kind waits by then; an error becomes `trouble`."""
        with self._lock:
            wish = self._wishes[kind] = self._wishes.get(kind, 0) + 1
        with suppress(RuntimeError):  # closed: nobody looks at it any more
            self._worker.submit(self._meet, kind, wish, work)

    def settle(self) -> None:
        """Wait until everything wished for is met."""
        self._worker.submit(lambda: None).result()

    def close(self) -> None:
        """Remove it from the page once its thread is done, so that the trace may be closed after it."""
        self._deaf()
        self._worker.shutdown(cancel_futures=True)
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live view, and the same without script."""
        live, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return live | {"text/html": self.static_html(), "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {visible(self.trace.path.name)}>"

    def _selected(self, selection: CrossFilter) -> None:
        def show() -> None:
            self.selected_words = visible(selection.words())
            self.selection_changed()

        self.later("selection", show)

    def _told(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if isinstance(content, dict):
            self.later(str(content.get("kind", "")), lambda: self.message(content))

    def _meet(self, kind: str, wish: int, work: Callable[[], object]) -> None:
        with self._lock:
            if self._wishes[kind] != wish:
                return
        try:
            work()
        except Exception as error:  # noqa: BLE001 - nobody sees what is raised on this thread
            self.trouble = visible(" ".join(str(error).split()) or type(error).__name__)
        else:
            self.trouble = ""


def _text(name: str) -> str:
    return (_HERE / name).read_text("utf-8")
