"""CloudWatch Logs, above all Lambda's: read, read again for what came late, and sealed."""
