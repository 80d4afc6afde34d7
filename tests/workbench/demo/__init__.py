"""Mirrors workbench.demo."""
