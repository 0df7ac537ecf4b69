"""Opens the warehouse to write. A new file is of the format of the DuckDB that is pinned.

By itself DuckDB makes files that its oldest releases can read, for which it takes twice the time to write texts. Files
of that format stay as they are; nobody but Assay opens the warehouse, other readers have the exports.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from pipelines.resources import Settings

PATIENCE_S = 60


class WarehouseBusy(RuntimeError):
    """Somebody else builds, or reads for longer than anybody should; the message says what to do."""


def open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The warehouse of `settings`, made where there is none; profiles.yml has the same for dbt.

    Waits for those who read it. Raises WarehouseBusy when they do not end.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return duckdb.connect(str(settings.warehouse), config={"storage_compatibility_version": "latest"})
        except duckdb.IOException as locked:
            if "lock" not in str(locked):
                raise
            if time.monotonic() > until:
                raise WarehouseBusy(f"another program reads {settings.warehouse}; end it, then build again") from None
        time.sleep(0.2)


@contextmanager
def building(settings: Settings) -> Iterator[None]:
    """Until the block ends nobody else builds. Raises WarehouseBusy."""
    with (settings.home / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WarehouseBusy("another build is writing the warehouse; let it end, then build again") from None
        yield
