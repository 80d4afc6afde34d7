"""inversion: neighbours of one key in the wrong order."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import largest, times
from workbench.trace.sql import load_statement

INVERSION = Detector(
    kind="inversion",
    statement=load_statement(__package__, "inversion"),
    definition="Two neighbours of one key in the wrong order, by business sequence against the service's own order.",
    not_to_confuse=(
        "a repeated number: a producer's retry, left out",
        "sources that promise no order (standard queues and topics): left out",
    ),
    instance=("key", "pair"),
    fields={
        "by": pl.lit(["sequence", "sequence_number"]).first(),
        "sequences": pl.col("sequence"),
        "displacement": pl.col("displacement").first(),
    },
    summary=lambda instances, used: (
        f"{times(instances.height, 'pair')} of neighbours whose {used['sequence']} runs against the order"
        f" that the service keeps, in {times(instances['key'].n_unique(), 'key')}; largest displacement"
        f" {largest(instances, 'displacement')}"
    ),
    needs=("sequence",),
)
