"""Invokers: what turns an event into an answer."""
