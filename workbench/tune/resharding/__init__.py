"""How a stream should be sharded: its load by hash key, layouts against it, and the calls that lead to one."""
