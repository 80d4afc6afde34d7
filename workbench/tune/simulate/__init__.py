"""A simulator of event source mappings and their functions on a virtual clock, fast enough for a slider."""
