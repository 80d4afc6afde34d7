"""Mirrors the connectors package."""
