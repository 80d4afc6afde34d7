"""What a handler may do."""
