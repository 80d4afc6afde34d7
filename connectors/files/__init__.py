"""Imports what people already have on disk: events, answers of the CLI, failure records, logs.

Each format is known by its content, and each part of a file that is not taken is told with its reason. A record's
envelope is the record without its body, so that putting the body back gives the record again (`members` says
how where that is not plain). ALB requests have a service of their own, `aws:elasticloadbalancing`.
"""

from connectors.files.reading import ImportedFile, Skipped, read_files

__all__ = ["ImportedFile", "Skipped", "read_files"]
