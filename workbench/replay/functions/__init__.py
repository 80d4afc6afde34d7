"""The function as Lambda has it: its code, its environment, its configuration."""
