"""What API Gateway's throttle in front of a source refuses: token buckets, one behind the other."""
