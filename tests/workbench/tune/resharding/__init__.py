"""The search, held against what is known of the settings that were searched."""
