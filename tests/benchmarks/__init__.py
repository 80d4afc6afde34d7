"""Figures of speed, as ratios where they can be: `uv run python -m tests.benchmarks [names]` prints JSON lines.

Not tests: a figure depends on the machine and what else it does. Each module offers `run()`, which yields one
dictionary a figure: its `name`, the figures with their units in their names, and a `ratio` to something plain.
"""
