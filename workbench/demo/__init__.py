"""The demo: an order system on a local AWS, traffic with planted faults, and the whole job done on it."""
