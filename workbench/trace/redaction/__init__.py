"""Redaction: what a rule or a detector matches never reaches the disk or the screen.

A payload is taken as text wherever it is text, JSON wherever it is JSON, also inside of a JSON string or of base64, and
only what matched is replaced: every other byte stays. Values become keyed tokens, so equal ones stay equal: duplicates,
joins and ordering keys survive. What cannot be looked into is replaced as a whole, never kept.
"""
