"""image_chain_break: an item's change that does not begin where the one before it ended."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import times, total
from workbench.questions import Parameters, Scope
from workbench.trace import Trace
from workbench.trace.sql import load_statement

VIEW_TYPES = load_statement(__package__, "stream_view_types")


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    lost = int((instances["verdict"] == "lost").sum())
    return (
        f"{times(instances.height, 'change')} of {times(instances['key'].n_unique(), 'item')} whose OldImage is not the"
        f" item's last NewImage: before {lost:,} of them a change is missing, the others make a whole chain"
        " in another order"
    )


def _others(trace: Trace, scope: Scope) -> tuple[bool, str | None]:
    """Whether any stream shows both images, and a word on those that do not."""
    views = trace.sql(VIEW_TYPES.text, source_arn=scope.source_arn)
    whole = views["view_type"] == "NEW_AND_OLD_IMAGES"
    told = ", ".join(
        f"{source} ({view_type or 'view type unknown'})"
        for source, view_type in views.filter(~whole.fill_null(False)).iter_rows()
    )
    return bool(whole.any()), (
        told
        and (
            f"a chain needs both images of a change (StreamViewType NEW_AND_OLD_IMAGES), not so {told}"
        )
    ) or None


def _unable(trace: Trace, scope: Scope) -> str | None:
    able, others = _others(trace, scope)
    return None if able else others


def _left_out(trace: Trace, scope: Scope) -> str | None:
    able, others = _others(trace, scope)
    return others if able else None


IMAGE_CHAIN_BREAK = Detector(
    kind="image_chain_break",
    statement=load_statement(__package__, "image_chain_break"),
    definition="A change of an item whose OldImage is not the item's last NewImage, by their canonical images.",
    not_to_confuse=(
        "another spelling of the same item (1.0 and 1, members and sets in another order): compared canonically",
        "the first change seen of an item, which proves nothing: only two neighbours are compared",
        "a REMOVE, also one by TimeToLive, and the INSERT after it: not being there is a state too",
        "writes that change nothing: they make no record, and leave no break",
        "replicated writes of a global table, also several made one: each still begins at what the replica held",
        "what we have not read (trimmed after 24 h, a hole, shards not read on): a break across it is left out",
        "an imported span, which is complete only as far as its files are: such a break counts half in the confidence",
    ),
    instance=("key", "break_id"),
    fields={
        "verdict": pl.col("verdict").first(),
        "certainty": pl.when(pl.col("is_read").first() | (pl.col("verdict").first() == "reordered"))
        .then(1.0)
        .otherwise(0.5),
    },
    summary=_summary,
    confidence=lambda instances: round(total(instances, "certainty") / instances.height, 3),
    unable=_unable,
    left_out=_left_out,
)
