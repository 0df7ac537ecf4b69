"""What can go wrong with a system, switched on and off at run time, and the middleware that makes it go wrong.

Faults of transport live here for every system; a stand-in asks `faults.active(name)` for those that need its
cooperation: expired_token, missing_scope and repeating_cursor.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

FAULTS = (
    "down",
    "throttled",
    "slow",
    "error_in_200",
    "html",
    "truncated",
    "stalled",
    "repeating_cursor",
    "drift",
    "expired_token",
    "missing_scope",
)


class UnknownFault(ValueError):
    """No such fault; the message lists those that exist."""


class Faults:
    """The switches of one estate: system -> fault -> settings; kept in a file when `path` is given."""

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._lock, self._seen = path, threading.Lock(), -1
        self._state: dict[str, dict[str, dict[str, Any]]] = {}

    def set(self, system: str, fault: str, **settings: Any) -> None:
        """Switch a fault on. Any takes `times=n` (spoil n requests, then be off) and `only="text in the path"`."""
        if fault not in FAULTS:
            raise UnknownFault(f"{fault!r} is not a fault; choose one of {', '.join(FAULTS)}")
        with self._lock:
            self._load()
            self._state.setdefault(system, {})[fault] = settings
            self._save()

    def clear(self, system: str | None = None, fault: str | None = None) -> None:
        """Switch off one fault, all of a system, or all."""
        with self._lock:
            self._load()
            for name in [system] if system else list(self._state):
                if fault:
                    self._state.get(name, {}).pop(fault, None)
                else:
                    self._state.pop(name, None)
            self._save()

    def of(self, system: str) -> SystemFaults:
        """The view of one system, as its stand-in gets it."""
        return SystemFaults(self, system)

    def active(self, system: str, fault: str) -> dict[str, Any] | None:
        """The settings of a fault that is on, else None."""
        with self._lock:
            self._load()
            return self._state.get(system, {}).get(fault)

    def spend(self, system: str, fault: str) -> dict[str, Any] | None:
        """As `active`, and count one use against `times`."""
        with self._lock:
            self._load()
            settings = self._state.get(system, {}).get(fault)
            if settings is None or "times" not in settings:
                return settings
            left = settings["times"] - 1
            if left > 0:
                self._state[system][fault] = {**settings, "times": left}
            else:
                del self._state[system][fault]
            self._save()
            return settings

    def _load(self) -> None:
        if self._path is None or not self._path.exists():
            return
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._seen:
            self._state, self._seen = json.loads(self._path.read_text()), stamp

    def _save(self) -> None:
        if self._path is None:
            return
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(self._state, indent=1, sort_keys=True))
        os.replace(partial, self._path)
        self._seen = self._path.stat().st_mtime_ns


class SystemFaults:
    """The switches of one system."""

    def __init__(self, faults: Faults, system: str) -> None:
        self._faults, self.system = faults, system

    def active(self, fault: str) -> dict[str, Any] | None:
        """The settings of a fault that is on, else None. Does not count against `times`."""
        return self._faults.active(self.system, fault)

    def spend(self, fault: str) -> dict[str, Any] | None:
        """As `active`, for the request that the fault is about to spoil: counts against `times`."""
        return self._faults.spend(self.system, fault)


def faulty(app: Callable, faults: SystemFaults) -> Callable:
    """The app as the network shows it while faults are on."""

    async def served(scope: dict, receive: Callable, send: Callable) -> None:
        await app(scope, receive, send)

    return served
