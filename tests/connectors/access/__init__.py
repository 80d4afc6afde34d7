"""Mirrors connectors.access."""
