"""Figures of the traffic, without judgement: how late, how skewed, how many at once, how much of it arrived."""

from workbench.measures.measure import Measure
from workbench.measures.measuring import MEASURES, measure

__all__ = ["MEASURES", "Measure", "measure"]
