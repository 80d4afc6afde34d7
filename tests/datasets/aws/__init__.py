"""Tests of the made-up sources."""
