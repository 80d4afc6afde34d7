"""DynamoDB Streams: a table's changes, through the rotation of its shards."""
