"""The engine: records of a source as Lambda's pollers would hand them over, on a virtual clock."""
