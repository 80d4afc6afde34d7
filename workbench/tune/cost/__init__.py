"""What traffic costs, each driver a term of its own: a sum that nobody can take apart helps nobody to tune."""
