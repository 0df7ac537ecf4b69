"""A vendor's published rate as a shared allowance: token bucket or cost points, safe across threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sources.contract import Budget


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
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._maximum, self._restore, self._clock, self._sleep = maximum, restore_per_s, clock, sleep
        self._available, self._at, self._not_before, self._in_flight = maximum, clock(), 0.0, 0.0
        self._lock = threading.Lock()

    def take(self, cost: float = 1.0) -> None:
        """Reserve `cost` points, waiting in turn until the vendor would grant them."""
        with self._lock:
            self._refill()
            self._available -= min(cost, self._maximum)
            self._in_flight += cost
            due = self._clock() + max(0.0, -self._available / self._restore)
        while (left := max(due, self._not_before) - self._clock()) > 0:
            self._sleep(left)

    def settle(self, cost: float = 1.0, reading: Reading | None = None) -> None:
        """A call that took `cost` points has been answered; believe the vendor's own reading over our count."""
        with self._lock:
            self._in_flight = max(0.0, self._in_flight - cost)
            if reading is None:
                return
            self._refill()
            self._maximum, self._restore = reading.maximum, reading.restore_per_s
            self._available = reading.available - self._in_flight

    def pause(self, seconds: float) -> None:
        """Nobody on this account calls for so long: the vendor said so."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def _refill(self) -> None:
        now = self._clock()
        self._available = min(self._maximum, self._available + (now - self._at) * self._restore)
        self._at = now


def allowance(budget: Budget) -> Allowance:
    """The allowance that a contract's budget describes."""
    if budget.cost_points:
        return Allowance(budget.cost_points, budget.restore_per_second or budget.cost_points)
    return Allowance(budget.burst, budget.calls / budget.per.total_seconds())
