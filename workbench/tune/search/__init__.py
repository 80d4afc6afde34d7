"""Which configuration to choose: candidates on the same arrivals and the same luck, ranked with their uncertainty."""
