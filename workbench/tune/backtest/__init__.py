"""Whether the model reproduces what the capture shows: asked before it recommends anything."""

from workbench.tune.backtest.back_test import BackTest, back_test

__all__ = ["BackTest", "back_test"]
