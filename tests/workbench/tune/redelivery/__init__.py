"""Tests of redelivery."""
