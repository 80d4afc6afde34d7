"""Replay: what a handler does with captured traffic, without touching anything outside.

The package is itself callable, because `workbench.replay(...)` is the call and `workbench.replay` the room it lives in.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from workbench.lazy import lazy_names

if TYPE_CHECKING:
    from workbench.replay.comparison.compare import Comparison, compare
    from workbench.replay.engine.invocation import Invocation, Invoker
    from workbench.replay.events import event_record
    from workbench.replay.functions.template import template_function
    from workbench.replay.run import Run
    from workbench.replay.start import replay

__all__ = [
    "Comparison",
    "Invocation",
    "Invoker",
    "Run",
    "compare",
    "event_record",
    "replay",
    "template_function",
]

_lazy = lazy_names(
    __name__,
    {
        "Comparison": "workbench.replay.comparison.compare",
        "Invocation": "workbench.replay.engine.invocation",
        "Invoker": "workbench.replay.engine.invocation",
        "Run": "workbench.replay.run",
        "compare": "workbench.replay.comparison.compare",
        "event_record": "workbench.replay.events",
        "replay": "workbench.replay.start",
        "template_function": "workbench.replay.functions.template",
    },
)


class _CallableRoom(ModuleType):
    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _lazy("replay")(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return _lazy(name)


sys.modules[__name__].__class__ = _CallableRoom
