"""Isolation: how a handler is shut in, and the proof that it is."""
