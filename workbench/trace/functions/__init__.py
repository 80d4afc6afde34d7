"""Functions that SQL over a trace may call: what DuckDB itself does not know, written in Python or as macros."""

from workbench.trace.functions.table import define_functions, forget_functions

__all__ = ["define_functions", "forget_functions"]
