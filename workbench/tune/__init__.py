"""How the system that carries the traffic should be set, from the traffic that was captured."""

from typing import TYPE_CHECKING

from workbench.lazy import lazy_names

if TYPE_CHECKING:
    from workbench.tune.shard_plan import ShardPlan, shards

__all__ = ["ShardPlan", "shards"]

__getattr__ = lazy_names(
    __name__,
    {"ShardPlan": "workbench.tune.shard_plan", "shards": "workbench.tune.shard_plan"},
)
