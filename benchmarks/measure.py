"""How benchmarks measure: wall seconds, CPU seconds and peak memory of a piece of work and its children."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and CPU, and the peak of resident memory in GB over the process tree."""

    wall_s: float
    cpu_s: float
    peak_gb: float


def run(arguments: list[str], environment: dict[str, str]) -> Cost:
    """Run `python -m …` as a child to its end and return its cost; a failure ends the benchmark with its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak, done = [0.0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(child.pid, peak, done))
    watcher.start()
    output, _ = child.communicate()
    done.set()
    watcher.join()
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {child.returncode}:\n{output[-4000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    largest = after.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    return Cost(wall, cpu, peak[0] or largest)


def _watch(pid: int, peak: list[float], done: threading.Event) -> None:
    while not done.wait(0.2):
        peak[0] = max(peak[0], _resident_gb(pid))


def _resident_gb(pid: int) -> float:
    """Resident memory of a process and its descendants; 0 where /proc does not tell."""
    total, waiting = 0, [pid]
    while waiting:
        current = Path("/proc") / str(waiting.pop())
        try:
            pages = int((current / "statm").read_text().split()[1])
            children = [(task / "children").read_text().split() for task in (current / "task").iterdir()]
        except OSError:
            continue
        total += pages * resource.getpagesize()
        waiting += [int(child) for listed in children for child in listed]
    return total / 2**30
