"""Tests of explaining: contrast and story."""
