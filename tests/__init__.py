"""Sentences about behaviour, mirroring the packages."""
