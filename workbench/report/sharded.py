"""How streams should be sharded: layouts side by side, the load that asks for it, keys that no layout helps."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.charts import shard_layouts, shard_load
from workbench.markup import Markup, el
from workbench.report.pieces import cell, folded, listing, picture, section
from workbench.trace.sources import source_name

if TYPE_CHECKING:
    from workbench.tune import ShardPlan


SHARDED = "How streams should be sharded"


def sharded(plans: "Sequence[ShardPlan]") -> Markup:
    """The plans; nothing where there are none."""
    if not plans:
        return Markup()
    return section(SHARDED, *(_article(plan) for plan in plans))


def _article(plan: "ShardPlan") -> Markup:
    document = plan.document()
    layouts = [
        [name, cell(layout.get("shards")), cell(layout.get("over_limit_shard_seconds"))]
        for name in ("current", "uniform", "planned")
        if (layout := document.get(name))
    ]
    return el(
        "article",
        el("h3", source_name(document["source_arn"])),
        listing(["layout", "shards", "shard-seconds over the limit"], layouts),
        picture(shard_load(plan.to_frame())),
        el("p", "Where the layouts cut the hash key space, and the load that falls there:"),
        picture(shard_layouts(plan.load_by_hash(), plan.cuts())),
        *_hot_keys(document.get("hot_keys") or []),
        *_operations(document.get("operations") or []),
    )


def _hot_keys(hot_keys: list[dict[str, Any]]) -> list[Markup]:
    if not hot_keys:
        return []
    columns = ["partition_key", "records_per_second", "bytes_per_second", "salt_factor"]
    rows = [[cell(hot.get(name)) for name in columns] for hot in hot_keys]
    said = "Keys that go over a shard's limit alone; spread each over as many keys as its salt factor says:"
    titles = [name.replace("_", " ") for name in columns]
    return [el("p", said), listing(titles, rows)]


def _operations(operations: list[dict[str, Any]]) -> list[Markup]:
    if not operations:
        return []
    lines = "\n".join(json.dumps(operation, ensure_ascii=False) for operation in operations)
    return [
        folded(
            f"{len(operations)} operations from the current to the planned layout", el("pre", lines)
        )
    ]
