"""Mirrors the workbench package."""
