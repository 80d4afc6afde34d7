"""Tests of the tuner: laws against recounts that share no code with it."""
