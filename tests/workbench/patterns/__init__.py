"""Tests of what AWS filters with."""
