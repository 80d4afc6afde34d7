"""What a capture shows, held against what happened."""
