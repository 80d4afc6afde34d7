"""Tests of the family, a file a kind."""
