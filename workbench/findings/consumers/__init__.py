"""Consumers and load: what makes the reading side sick."""

from workbench.findings.consumers.hot_key import HOT_KEY

DETECTORS = (HOT_KEY,)
