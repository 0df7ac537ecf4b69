"""How benchmarks measure: wall seconds, CPU seconds and peak memory of a piece of work and its children.

A figure that has a target is printed with it, and whether it is met; `judged` keeps what was printed for the end.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ENDED = "phase ended after CPU seconds:"
judged: list[tuple[bool, str]] = []


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and CPU, and the peak of resident memory in GB over the process tree."""

    wall_s: float
    cpu_s: float
    peak_gb: float


def judge(figure: str, met: bool, target: str) -> None:
    """Print a figure, its target and whether it is met."""
    judged.append((met, f"{figure} (target {target}: {'met' if met else 'MISSED'})"))
    print(judged[-1][1], flush=True)


def run(arguments: list[str], environment: dict[str, str]) -> Cost:
    """Run `python -m …` as a child to its end and return its cost; a failure ends the benchmark with its output."""
    return run_phases(arguments, environment, ["whole"])["whole"]


def run_phases(arguments: list[str], environment: dict[str, str], phases: Sequence[str]) -> dict[str, Cost]:
    """As `run`, of a child that calls `end_phase` between its phases: the cost of each, named in their order."""
    before = _children_cpu_s()
    clock, spent, costs, output = time.perf_counter(), 0.0, {}, []
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
    for line in child.stdout:
        output.append(line)
        if line.startswith(ENDED):
            now, cpu = time.perf_counter(), float(line.removeprefix(ENDED))
            costs[phases[len(costs)]] = Cost(now - clock, cpu - spent, peak[0])
            clock, spent, peak[0] = now, cpu, 0.0
    child.wait()
    wall = time.perf_counter() - clock
    done.set()
    watcher.join()
    if child.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {child.returncode}:\n{''.join(output)[-4000:]}")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    return costs | {phases[-1]: Cost(wall, _children_cpu_s() - before - spent, peak[0] or largest)}


def end_phase() -> None:
    """In the child: say that a phase is over, and the CPU seconds since its start; children that still run add theirs
    to the phase in which they end."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(ENDED, own.ru_utime + own.ru_stime + _children_cpu_s(), flush=True)


def _children_cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def cpu_s() -> float:
    """CPU seconds of all children until now, of those that still run too; without these where /proc does not tell."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = ended.ru_utime + ended.ru_stime
    for pid in _children(Path("/proc/self")):
        try:
            told = (Path("/proc") / pid / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _children(process: Path) -> list[str]:
    try:
        return [pid for task in (process / "task").iterdir() for pid in (task / "children").read_text().split()]
    except OSError:
        return []


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
        except OSError:
            continue
        total += pages * resource.getpagesize()
        waiting += [int(child) for child in _children(current)]
    return total / 2**30
