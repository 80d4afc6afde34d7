"""Whether a duplicate did harm, as far as logs tell: how many requests that had the record ended well."""

import polars as pl

from workbench.findings.wording import times
from workbench.questions import Parameters
from workbench.trace import Trace
from workbench.trace.sql import load_statement


def with_completions(trace: Trace, used: Parameters, instances: pl.DataFrame) -> pl.DataFrame:
    """The instances with `completions`: requests that had the record and ended well; null where no log tells.

    A request that ended well may still have named the record as failed in its answer, which no log tells.
    """
    statement = load_statement(__package__, "completions")
    told = trace.sql(statement.text, source_arn=used["source_arn"])
    return instances.join(told, on="key", how="left", maintain_order="left")


def harmful(instances: pl.DataFrame) -> str:
    """The end of a summary: how many of the instances were completed more than once.

    Example:
        >>> harmful(pl.DataFrame({"completions": [2, 1, None]}))
        '; 1 completed more than once'
    """
    twice = instances.filter(pl.col("completions") > 1).height
    if instances["completions"].null_count() == instances.height:
        return ""
    return f"; {times(twice, 'completed', 'completed')} more than once"
