"""Tests of what makes datasets, and the comparison of labels with findings."""
