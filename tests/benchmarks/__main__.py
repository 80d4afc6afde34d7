"""`python -m tests.benchmarks [names] [--records N]`: run all benchmarks, or those named; one JSON line a figure."""

import argparse
import json
import sys
from importlib import import_module
from inspect import signature

NAMES = (
    "ingest",
    "kinesis_pages",
    "queries",
    "shard_plan",
    "command_line",
    "findings",
    "detectors",
    "events",
    "runtime_api",
    "effects_recorder",
    "replay",
    "replayed_streams",
    "comparison",
    "probable_join",
    "simulator",
    "durations",
    "recommendation",
    "event_grid",
    "notebook_views",
)


def main(arguments: list[str]) -> int:
    """Print the figures of each benchmark as they come; a size is for those that take one."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--records", type=int)
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        print(f"wanted some of {', '.join(NAMES)}, found {', '.join(unknown)}", file=sys.stderr)
        return 2
    for name in asked.names or NAMES:
        run = import_module(f"tests.benchmarks.{name}").run
        is_sized = asked.records is not None and "records" in signature(run).parameters
        for figures in run(records=asked.records) if is_sized else run():
            print(json.dumps(figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
