"""What landed of each key of files, on disk: the same as the landing says, whatever became of the runs before."""

from __future__ import annotations

import csv
import os
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from pipelines.extract import extract_stream
from pipelines.known_keys import KnownKeys
from pipelines.landing import landed_hashes, manifests
from pipelines.resources import Settings
from sources.contract import Contract
from sources.errors import Drift, SweepRefused

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
CONTRACT = {
    "system": "acme",
    "kind": "files",
    "description": "Acme.",
    "owner": "us",
    "endpoint": "env:ACME",
    "streams": {
        "things": {
            "description": "Things.",
            "domain": "reference",
            "delete_mode": "full_files",
            "files": {"match": ["*.csv"], "full": ["full_*.csv"], "settle": "0s", "stamp": "%Y%m%d"},
            "columns": {"id": "public required", "name": "public"},
        }
    },
}


@pytest.fixture
def acme(tmp_path):
    return Acme(tmp_path)


class Acme:
    """A partner's folder, and a landing of what lies in it."""

    def __init__(self, home):
        self.folder, self.settings = home / "in", Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
        self.folder.mkdir()
        self.contract, self.day = Contract.model_validate(CONTRACT), NOW - timedelta(days=20)

    def send(self, rows, full=False, name=None):
        self.day += timedelta(days=1)
        path = self.folder / (name or f"{'full' if full else 'delta'}_{self.day:%Y%m%d}.csv")
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("id", "name"), *rows])
        os.utime(path, (self.day.timestamp(), self.day.timestamp()))
        return path.name

    def read(self):
        place, own = f"file://{self.folder}", SimpleNamespace()
        return extract_stream(self.contract, "things", self.settings, NOW, lambda _: place, connector=own)

    def known(self):
        """Key -> hash, as the cache has it after catching up."""
        keys = KnownKeys(self.settings.known / "acme-things.db", self.settings.landing, "acme", "things")
        found = dict(keys.database.execute("select key, digest from keys"))
        keys.close()
        return found

    def landed(self):
        return landed_hashes(self.settings.landing, "acme", "things")


def test_the_cache_says_what_the_landing_says_after_each_run(acme):
    acme.send([(n, "a") for n in range(50)])
    for rows, full in (([(1, "b"), (99, "c")], False), ([(n, "d") for n in range(1, 50)], True), ([(0, "e")], False)):
        acme.read()
        assert acme.known() == acme.landed()
        acme.send(rows, full)
    report = acme.read()
    assert acme.known() == acme.landed()
    assert report.rows == 1
    assert acme.landed()["99"] is None


def test_a_run_that_fails_leaves_nothing_in_the_cache(acme):
    acme.send([(n, "a") for n in range(50)])
    acme.read()
    before = acme.known()
    acme.send([(n, "b") for n in range(50)])
    broken = acme.send([("", "x"), ("", "y")])
    with pytest.raises(Drift):
        acme.read()
    assert acme.known() == before
    (acme.folder / broken).unlink()
    assert acme.read().rows == 50
    acme.send([(1, "b")], full=True)
    with pytest.raises(SweepRefused, match="49 of 50 known records"):
        acme.read()
    assert acme.known() == acme.landed()


@pytest.mark.parametrize("harm", ["gone", "no database", "a load changed"])
def test_a_cache_that_is_gone_or_wrong_is_made_anew(acme, harm):
    acme.send([(n, "a") for n in range(50)])
    acme.read()
    path = acme.settings.known / "acme-things.db"
    if harm == "gone":
        shutil.rmtree(path.parent)
    elif harm == "no database":
        path.write_bytes(b"half a page" * 1_000)
    else:
        keys = KnownKeys(path, acme.settings.landing, "acme", "things")
        keys.database.execute("rollback")
        keys.database.execute("update loads set sha256 = 'another'")
        keys.database.execute("update keys set digest = 'wrong'")
        keys.close()
    acme.send([(1, "a"), (2, "b")])
    assert acme.read().rows == 1
    assert acme.known() == acme.landed()


def test_only_loads_that_are_new_are_read(acme):
    acme.send([(n, "a") for n in range(50)])
    acme.read()
    acme.known()
    (load,) = manifests(acme.settings.landing, "acme", "things")
    (acme.settings.landing / "acme" / "things" / f"{load.load_id}.parquet").write_bytes(b"not to be opened")
    acme.send([(1, "a"), (2, "b")])
    assert acme.read().rows == 1
