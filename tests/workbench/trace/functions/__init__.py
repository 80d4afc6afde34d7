"""Tests of functions of SQL."""
