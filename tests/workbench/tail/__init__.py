"""Live lines."""
