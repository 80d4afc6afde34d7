"""How long a handler takes, held against handlers of known durations."""
