"""What a capture shows of a source: its traffic, its configuration, and how it was handled."""

from workbench.tune.observed.observe import Observed, observe

__all__ = ["Observed", "observe"]
