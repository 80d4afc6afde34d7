"""Tests of what traffic costs: AWS's own examples, and sums that anybody can redo by hand."""
