"""Live lines: what a capture has just made durable, one line a delivery, and one for every hole."""
