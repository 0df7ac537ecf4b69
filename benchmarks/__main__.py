"""`python -m benchmarks [extract|pipeline|publish|match]…`: run those named, by default all but match."""

from __future__ import annotations

import importlib
import sys

NAMES = ("extract", "pipeline", "publish")


def main(names: list[str]) -> None:
    """Run each named benchmark in turn; an unknown name ends with the list of known ones."""
    unknown = set(names) - {*NAMES, "match"}
    if unknown:
        sys.exit(f"unknown benchmark {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}, match")
    for name in names or NAMES:
        print(f"\n== {name} ==", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
