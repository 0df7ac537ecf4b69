"""`python -m benchmarks [NAME]…`: run the named benchmarks, by default all but those on demand.

At the end stands every figure that has a target, and whether it is met.
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.measure import judged

NAMES = ("extract", "pipeline", "publish", "republish", "throughput", "undo")
# They take long, and one of them kills.
ON_DEMAND = ("match", "fire", "memory")


def main(names: list[str]) -> None:
    """Run each named benchmark in turn; an unknown name ends with the list of known ones."""
    unknown = set(names) - {*NAMES, *ON_DEMAND}
    if unknown:
        sys.exit(f"unknown benchmark {', '.join(sorted(unknown))}; choose from {', '.join(NAMES + ON_DEMAND)}")
    for name in names or NAMES:
        print(f"\n== {name} ==", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    if judged:
        print("\n== targets ==")
        print("\n".join(said.strip() for _, said in judged))
        print(f"{sum(met for met, _ in judged)} of {len(judged)} met")


if __name__ == "__main__":
    main(sys.argv[1:])
