"""Tests of retry schedules."""
