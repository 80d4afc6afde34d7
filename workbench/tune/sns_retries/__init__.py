"""When Amazon SNS tries again to deliver: the schedule of a policy, which policy captured attempts tell, an outage."""
