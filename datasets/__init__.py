"""Datasets with ground truth: traffic of a made-up system, the faults planted in it, and labels that name them.

Made from what AWS does, not from how findings are told, so that findings can be examined with it.
"""

from datasets.labels import Agreement, Label, agreement, read_labels, write_labels
from datasets.making import make

__all__ = ["Agreement", "Label", "agreement", "make", "read_labels", "write_labels"]
