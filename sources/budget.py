"""A vendor's published rate as a shared allowance: token bucket or cost points, safe across threads and processes.

Processes share it through a small file; without one it belongs to this process.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sources.facts import Budget

_NUMBERS = struct.Struct("<3d")  # of one size and written at once: nobody reads half of them


@dataclass(frozen=True, slots=True)
class Reading:
    """What the vendor says of our allowance: points left, points at most, points restored per second."""

    available: float
    maximum: float
    restore_per_s: float


class Allowance:
    """One account's allowance, shared by all its streams. `take` before each call, `settle` after it."""

    def __init__(
        self,
        maximum: float,
        restore_per_s: float,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        path: Path | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.maximum, self.restore, self.sleep, self.budget = maximum, restore_per_s, sleep, budget
        self.clock = clock or (time.time if path else time.monotonic)
        self._path, self._lock, self._in_flight = path, threading.Lock(), 0.0
        self._available, self._at, self._not_before = maximum, self.clock(), 0.0
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)

    def take(self, cost: float = 1.0) -> None:
        """Reserve `cost` points, waiting in turn until the vendor would grant them."""
        with self._held():
            self._available -= min(cost, self.maximum)
            self._in_flight += cost
            due = self.clock() + max(0.0, -self._available / self.restore)
            due = max(due, self._not_before)
        while (left := max(due, self._not_before) - self.clock()) > 0:
            self.sleep(left)

    def settle(self, cost: float = 1.0, reading: Reading | None = None) -> None:
        """A call that took `cost` points has been answered; believe the vendor's own reading over our count."""
        if reading is None:
            with self._lock:
                self._in_flight = max(0.0, self._in_flight - cost)
            return
        with self._held():
            self._in_flight = max(0.0, self._in_flight - cost)
            self.maximum, self.restore = reading.maximum, reading.restore_per_s
            self._available = reading.available - self._in_flight

    def pause(self, seconds: float) -> None:
        """Nobody on this account calls for so long: the vendor said so."""
        with self._held():
            self._not_before = max(self._not_before, self.clock() + seconds)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Pause when an answer's headers, as the budget names them, say that no call is left."""
        budget = self.budget
        if budget and budget.left_header and headers.get(budget.left_header, "").strip() == "0":
            reset = headers.get(budget.reset_header or "", "").strip()
            self.pause(float(reset) if reset.replace(".", "", 1).isdigit() else budget.per.total_seconds())

    @contextmanager
    def _held(self) -> Iterator[None]:
        """The account's numbers as of now, for this thread and process alone."""
        with self._lock:
            if self._path is None:
                self._refill()
                yield
                return
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                found = os.pread(file, _NUMBERS.size, 0)
                if len(found) == _NUMBERS.size:  # not so if nobody has written it yet
                    self._available, self._at, self._not_before = _NUMBERS.unpack(found)
                self._refill()
                yield
                os.pwrite(file, _NUMBERS.pack(self._available, self._at, self._not_before), 0)
            finally:
                os.close(file)

    def _refill(self) -> None:
        now = self.clock()
        self._available = min(self.maximum, self._available + max(0.0, now - self._at) * self.restore)
        self._at = now


def allowance(budget: Budget, path: Path | None = None) -> Allowance:
    """The allowance that a contract's budget describes; `path` is the file that processes share it through."""
    if budget.cost_points:
        restore = budget.restore_per_second or budget.cost_points
        return Allowance(budget.cost_points, restore, path=path, budget=budget)
    return Allowance(budget.burst, budget.calls / budget.per.total_seconds(), path=path, budget=budget)
