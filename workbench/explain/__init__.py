"""Explaining what was found: what sets some records apart from others, and what one key went through."""

from workbench.explain.contrast import contrast
from workbench.explain.story import Story, story

__all__ = ["Story", "contrast", "story"]
