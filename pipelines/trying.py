"""A home to try something in: copies of the last build and of its ids, which are read and never written.

They hold personal data, so they go at the end of the block. Of a process that was killed they go when the next one
tries something, or with the first erasure.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa

from pipelines import explain, ledger
from pipelines.resources import Settings

COPIED = (ledger.golden_ids, ledger.id_members, ledger.publish_runs, ledger.receipts)
PREFIX = "trying-"
FOLDERS = (PREFIX, "deciding-", "training-")
"""How the names of such homes begin; older versions had one for each purpose."""


@contextmanager
def trying(settings: Settings, *also: sa.Table) -> Iterator[Settings]:
    """The settings of the home, until the block ends; `also` are tables of the ledger besides the ids and receipts.

    Raises NotFound before the first build and during one.
    """
    lock = _begun(settings)
    home = Path(lock.name).parent
    scratch = Settings(home, settings.environment, f"sqlite:///{home / 'ledger.db'}")
    try:
        with lock:
            (home / "spill").mkdir()
            with explain.warehouse(settings):  # nobody writes meanwhile; a killed build leaves a log beside the file
                for file in settings.home.glob(f"{settings.warehouse.name}*"):
                    shutil.copyfile(file, home / file.name)
            _copy_ledger(settings, scratch, (*COPIED, *also))
            yield scratch
    finally:
        shutil.rmtree(home, ignore_errors=True)


def sweep(settings: Settings) -> None:
    """Remove the homes that nobody tries anything in any more."""
    with _door(settings):
        _remove(leftovers(settings))


def leftovers(settings: Settings) -> Iterator[Path]:
    """The homes whose lock nobody holds, or that have none: one in the making has none yet, so keep others out."""
    for folder in (folder for prefix in FOLDERS for folder in settings.home.glob(f"{prefix}*")):
        try:
            with (folder / "lock").open("r+") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except FileNotFoundError:
            pass
        yield folder


def _begun(settings: Settings) -> TextIO:
    """The lock, held, in a new home of our own."""
    with _door(settings):
        _remove(leftovers(settings))
        lock = (Path(tempfile.mkdtemp(prefix=PREFIX, dir=settings.home)) / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


@contextmanager
def _door(settings: Settings) -> Iterator[None]:
    """Who makes such a home, or looks for those that are left, is alone until the block ends."""
    with (settings.home / "trying.lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_ledger(settings: Settings, scratch: Settings, tables: tuple[sa.Table, ...]) -> None:
    source, target = ledger.open_ledger(settings.ledger_url), ledger.open_ledger(scratch.ledger_url)
    with source.connect() as reading, target.begin() as writing:
        for table in tables:
            for rows in reading.execution_options(yield_per=20_000).execute(sa.select(table)).mappings().partitions():
                writing.execute(sa.insert(table), [dict(row) for row in rows])
