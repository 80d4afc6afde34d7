"""changes: configuration changes, deploys and reshards on one timeline, to be laid beside the symptoms."""

from workbench.measures.measure import Measure
from workbench.trace.sql import load_statement

CHANGES = Measure(
    name="changes",
    statement=load_statement(__package__, "changes"),
    definition="Changes of configuration, code and shards by time: between two looks, or at the instant AWS tells.",
)
"""Source: GetQueueAttributes, ListEventSourceMappings, GetFunctionConfiguration, ListVersionsByFunction, ListAliases,
ListShards; START lines."""
