"""A home to try something in: copies of the last build and of its ids, which are read and never written.

They hold personal data, so they go at the end of the block. Of a process that was killed they go when the next one
tries something, or with the first erasure.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from pipelines import explain, ledger
from pipelines.resources import Settings

COPIED = (ledger.golden_ids, ledger.id_members, ledger.publish_runs, ledger.receipts)
PREFIX = "trying-"


@contextmanager
def trying(settings: Settings, *also: sa.Table) -> Iterator[Settings]:
    """The settings of the home, until the block ends; `also` are tables of the ledger besides the ids and receipts.

    Raises NotFound before the first build and during one.
    """
    for folder in leftovers(settings):
        shutil.rmtree(folder, ignore_errors=True)
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=settings.home))
    scratch = Settings(home, settings.environment, f"sqlite:///{home / 'ledger.db'}")
    try:
        with (home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (home / "spill").mkdir()
            with explain.warehouse(settings):  # nobody writes meanwhile; a killed build leaves a log beside the file
                for file in settings.home.glob(f"{settings.warehouse.name}*"):
                    shutil.copyfile(file, home / file.name)
            _copy_ledger(settings, scratch, (*COPIED, *also))
            yield scratch
    finally:
        shutil.rmtree(home, ignore_errors=True)


def leftovers(settings: Settings) -> Iterator[Path]:
    """The homes that nobody tries anything in any more."""
    for lock in settings.home.glob(f"{PREFIX}*/lock"):
        with lock.open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        yield lock.parent


def _copy_ledger(settings: Settings, scratch: Settings, tables: tuple[sa.Table, ...]) -> None:
    source, target = ledger.open_ledger(settings.ledger_url), ledger.open_ledger(scratch.ledger_url)
    with source.connect() as reading, target.begin() as writing:
        for table in tables:
            for rows in reading.execution_options(yield_per=20_000).execute(sa.select(table)).mappings().partitions():
                writing.execute(sa.insert(table), [dict(row) for row in rows])
