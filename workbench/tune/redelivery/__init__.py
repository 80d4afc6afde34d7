"""What a queue's visibility timeout and maxReceiveCount do to its messages: duplicates, delays, dead letters."""
