"""Redaction, room by room."""
