"""How the system that carries the traffic should be set, from the traffic that was captured."""

from typing import TYPE_CHECKING

from workbench.lazy import keep_functions, lazy_names

if TYPE_CHECKING:
    from workbench.tune.cost.captured import Costs, cost
    from workbench.tune.prices import prices
    from workbench.tune.quotas import quotas
    from workbench.tune.redelivery.advice import VisibilityAdvice, visibility
    from workbench.tune.resharding.advice import shards
    from workbench.tune.resharding.shard_plan import ShardPlan
    from workbench.tune.search.advice import MappingAdvice, mapping
    from workbench.tune.search.counterfactual import Counterfactual, counterfactual
    from workbench.tune.search.prepared import Prepared, prepare
    from workbench.tune.sns_retries.advice import DeliveryPolicy, delivery_policy
    from workbench.tune.token_buckets.advice import Throttle, throttle
    from workbench.tune.token_buckets.buckets import Limit

__all__ = [
    "Costs",
    "Counterfactual",
    "DeliveryPolicy",
    "Limit",
    "MappingAdvice",
    "Prepared",
    "ShardPlan",
    "Throttle",
    "VisibilityAdvice",
    "cost",
    "counterfactual",
    "delivery_policy",
    "mapping",
    "prepare",
    "prices",
    "quotas",
    "shards",
    "throttle",
    "visibility",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Costs": "workbench.tune.cost.captured",
        "Counterfactual": "workbench.tune.search.counterfactual",
        "DeliveryPolicy": "workbench.tune.sns_retries.advice",
        "Limit": "workbench.tune.token_buckets.buckets",
        "MappingAdvice": "workbench.tune.search.advice",
        "Prepared": "workbench.tune.search.prepared",
        "ShardPlan": "workbench.tune.resharding.shard_plan",
        "Throttle": "workbench.tune.token_buckets.advice",
        "VisibilityAdvice": "workbench.tune.redelivery.advice",
        "cost": "workbench.tune.cost.captured",
        "counterfactual": "workbench.tune.search.counterfactual",
        "delivery_policy": "workbench.tune.sns_retries.advice",
        "mapping": "workbench.tune.search.advice",
        "prepare": "workbench.tune.search.prepared",
        "prices": "workbench.tune.prices",
        "quotas": "workbench.tune.quotas",
        "shards": "workbench.tune.resharding.advice",
        "throttle": "workbench.tune.token_buckets.advice",
        "visibility": "workbench.tune.redelivery.advice",
    },
)

keep_functions(__name__, *__all__)
