"""Order: neighbours of one key that came the wrong way round."""

import polars as pl

from workbench.findings.detector import Detector, times

INVERSION = Detector(
    kind="inversion",
    instance=("key", "pair"),
    fields={
        "by": pl.lit(["sequence", "sequence_number"]).first(),
        "sequences": pl.col("sequence"),
        "displacement": pl.col("displacement").first(),
    },
    thresholds={},
    summary=lambda instances, used: (
        f"{times(len(instances), 'pair')} of neighbours whose {used['sequence']} runs against the order"
        f" that the service keeps, in {times(len({each['key'] for each in instances}), 'key')}; largest displacement"
        f" {max(each['displacement'] for each in instances)}"
    ),
    needs=("sequence",),
)
"""Two neighbours of one key in the wrong order, by business sequence against the service's own order.

Not to be confused with a repeated number (a retry, left out) or with sources that promise no order (standard queues and
topics, left out).
"""

DETECTORS = (INVERSION,)
