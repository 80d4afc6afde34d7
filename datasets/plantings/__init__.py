"""What is planted: for each finding kind its faults, labelled, and what only looks like them, not labelled."""

from collections.abc import Mapping

from datasets.plantings import consumers, duplicates, losses, order
from datasets.shop import Planting

PLANTINGS: Mapping[str, Planting] = (
    duplicates.PLANTINGS | losses.PLANTINGS | order.PLANTINGS | consumers.PLANTINGS
)
"""By kind, all kinds there are."""
LOOK_ALIKES: Mapping[str, Planting] = (
    duplicates.LOOK_ALIKES | losses.LOOK_ALIKES | order.LOOK_ALIKES | consumers.LOOK_ALIKES
)
"""By the kind that they look like. What they are instead is labelled."""
