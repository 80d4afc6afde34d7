"""Tests of relations that follow from facts."""
