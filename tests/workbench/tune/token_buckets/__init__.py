"""Tests of token buckets."""
