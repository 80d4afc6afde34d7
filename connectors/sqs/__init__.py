"""SQS: a queue looked at and left as it was, or drained."""
