"""SNS: a topic heard through a queue of our own, which is removed afterwards."""
