"""What can go wrong with a system, as switches that tests and people set and clear while the estate runs.

How a fault looks on the wire is in middleware.py, except for those that need the stand-in's cooperation and that it
asks for itself: expired_token, missing_scope, repeating_cursor and, for Shopify, throttled.
"""

from __future__ import annotations

import json
import os
import threading
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
        """Switch a fault on.

        Any takes `after=n` (let n requests pass first), `times=n` (spoil n, then be off) and `only="text"` (spoil
        what has the text in its path, query or body). throttled: retry_after. slow, stalled: seconds. down: status.
        drift: field, and to="new name" or retype="text", "list" or "number"; with neither the field is gone.
        """
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

    def any(self, system: str) -> bool:
        """Whether any fault of the system is on."""
        with self._lock:
            self._load()
            return bool(self._state.get(system))

    def spend(self, system: str, fault: str, asked: str | None = None) -> dict[str, Any] | None:
        """As `active`, and count one use against `times`; None also where `only` is not part of what is asked."""
        with self._lock:
            self._load()
            settings = self._state.get(system, {}).get(fault)
            if settings is None or (asked is not None and settings.get("only", "") not in asked):
                return None
            if settings.get("after", 0) > 0:
                self._state[system][fault] = {**settings, "after": settings["after"] - 1}
                self._save()
                return None
            if "times" not in settings:
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

    def spend(self, fault: str, asked: str | None = None) -> dict[str, Any] | None:
        """As `active`, for the request that the fault is about to spoil: counts against `after` and `times`."""
        return self._faults.spend(self.system, fault, asked)

    def any(self) -> bool:
        """Whether any fault is on."""
        return self._faults.any(self.system)
