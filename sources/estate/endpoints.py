"""What the running estate announces: endpoints.env, and its clock, which stands still until somebody advances it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from sources.estate.world import NOW

FILE, PROFILE = "endpoints.env", "ESTATE_PROFILE"


def read(estate: Path) -> dict[str, str]:
    """Names and values announced below `estate`, nothing if it never ran."""
    path = estate / FILE
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def announce(estate: Path, values: dict[str, str]) -> None:
    """Write all names and values at once; readers see the old file or the new one."""
    write_whole(estate / FILE, "".join(f"{name}={value}\n" for name, value in sorted(values.items())))


def clock(folder: Path) -> datetime:
    """The simulated time of the retailer in `folder`, aware UTC."""
    path = folder / "clock"
    return datetime.fromisoformat(path.read_text()) if path.exists() else NOW


def advance(folder: Path, by: timedelta) -> datetime:
    """Move the retailer's clock on, announce it, and return the new time."""
    now = clock(folder) + by
    write_whole(folder / "clock", now.isoformat())
    announced = read(folder.parent)
    if announced:
        announce(folder.parent, announced | {"ASSAY_NOW": now.isoformat()})
    return now


def write_whole(path: Path, text: str) -> None:
    """Replace a file so that no reader ever sees half of it."""
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    os.replace(partial, path)
