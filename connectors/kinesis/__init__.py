"""Kinesis Data Streams: shards read to a proved end, what the KPL packed, where KCL consumers stand."""
