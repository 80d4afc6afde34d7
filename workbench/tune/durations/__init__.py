"""How long a handler takes: a model of it, fitted to what the logs and the replays show."""
