"""Effects: every AWS call that a replayed handler makes, decoded, answered without AWS, and kept."""
