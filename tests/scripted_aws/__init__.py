"""AWS behind the boto3 client interface: limits, lifetimes, reshards and lateness that no local server has.

Every fake moves with one virtual clock, asks one fault script before it answers, and remembers what really was
written, so that a test can say: stored = written - recorded holes.
"""
