"""`python -m tests.benchmarks [names]`: run all benchmarks, or those named, and print one JSON line a figure."""

import json
import sys
from importlib import import_module

NAMES = ("ingest", "kinesis_pages", "queries", "shard_plan", "command_line")


def main(names: list[str]) -> int:
    """Print the figures of each benchmark as they come."""
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"wanted some of {', '.join(NAMES)}, found {', '.join(unknown)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        for figures in import_module(f"tests.benchmarks.{name}").run():
            print(json.dumps(figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
