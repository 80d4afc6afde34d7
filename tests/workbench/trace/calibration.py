"""How sure time is and how right: the join by time against the join by ids, which is hidden from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from workbench.trace import Trace

FIRST = """
    select source_arn, partition_id, record_id, log_group, arg_min(request_id, (started_at, attempt)) as request_id
    from kept_handlings where certainty = 1 group by all"""
NEAREST = """
    select record.source_arn, partition_id, record_id, log_group, start.request_id
    from (select source_arn, partition_id, record_id, log_group, min(source_at) as source_at
          from records join (select distinct source_arn, log_group from event_source_mappings) using (source_arn)
          group by all) as record
      asof join (select source_arn as begun_in, request_id, started_at
                 from invocations_observed where started_at is not null) as start
        on begun_in = log_group and source_at <= started_at"""
JUDGED = f"""
    select certainty, coalesce(told.request_id = truth.request_id, false),
           coalesce(nearest.request_id = truth.request_id, false)
    from kept_probable_handlings as told
      left join ({FIRST}) as truth using (source_arn, partition_id, record_id, log_group)
      left join ({NEAREST}) as nearest using (source_arn, partition_id, record_id, log_group)
    where $complete or truth.request_id is not null"""


@dataclass(frozen=True, slots=True)
class Judged:
    """One pair that time told."""

    certainty: float
    is_right: bool
    nearest_is_right: bool
    """The naive join: the first START after the arrival."""


def judged(trace: Trace, *, complete: bool) -> list[Judged]:
    """What time tells of a trace whose ids join everything, once they are hidden from it.

    Args:
        trace: it tells no exact handling afterwards.
        complete: a record that no id joins was given to no request that was logged; else it is left out.
    """
    trace.keep("handlings")
    trace.run(["create or replace view handlings as from kept_handlings where false"])
    trace.keep("probable_handlings")
    return [Judged(*row) for row in trace.sql(JUDGED, complete=complete).rows()]


def loss(certainty: float, is_right: bool) -> float:
    """Logarithmic score of one pair: the nats that the truth costs."""
    return -log(certainty if is_right else 1 - certainty)


def table(pairs: Sequence[Judged]) -> list[dict[str, float]]:
    """Per band of certainty: pairs, mean certainty, share that is right."""
    bands = [(0.5, 0.7), (0.7, 0.9), (0.9, 1.0)]
    inside = [(low, [p for p in pairs if low <= p.certainty < high]) for low, high in bands]
    return [
        {
            "from": low,
            "pairs": len(band),
            "certainty": round(sum(p.certainty for p in band) / len(band), 3),
            "right": round(sum(p.is_right for p in band) / len(band), 3),
        }
        for low, band in inside
        if band
    ]


def mean_losses(pairs: Sequence[Judged]) -> tuple[float, float]:
    """Mean loss of the join by time, and of the nearest START at the constant certainty that suits it best."""
    share = sum(p.nearest_is_right for p in pairs) / len(pairs)
    share = min(0.99, max(0.01, share))
    ours = sum(loss(p.certainty, p.is_right) for p in pairs) / len(pairs)
    nearest = sum(loss(share, p.nearest_is_right) for p in pairs) / len(pairs)
    return ours, nearest
