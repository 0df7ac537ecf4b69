"""What landed of each key of a stream of files, on disk: its last version's hash, time and file.

A cache that may go at any time: each run adds the loads that it does not know, and makes it anew where one has changed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.landing import manifests, stream_folder

_SCHEMA = (
    "create table if not exists loads (load_id text primary key, sha256 text)",
    "create table if not exists keys (key text primary key, digest text, seen int, file text) without rowid",
    "create temp table said (key text primary key) without rowid",
)
_PUT = "insert into keys values (?, ?, ?, ?) on conflict (key) do update set digest = excluded.digest"
_COLUMNS = ["_source_key", "_payload_hash", "_deleted", "_event_at", "_extracted_at", "_file"]
_ORIGIN, _BATCH = datetime(1970, 1, 1), 20_000
_ABSENT: list[Any] = ["", None]


class KnownKeys:
    """Key -> hash of what landed last, None for a tombstone; read like a mapping, by the keys of a page at a time.

    What a run changes is never kept: the load that it lands says it all, and a run that fails has changed nothing.
    """

    def __init__(self, path: Path, landing: Path, system: str, stream: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page: dict[str, list[Any]] = {}
        try:
            self._open(path)
            self._catch_up(landing, system, stream)
        except sqlite3.DatabaseError:  # left half written by a machine that lost its power
            self.database.close()
            path.unlink()
            self._open(path)
            self._catch_up(landing, system, stream)
        self.database.execute("begin")

    def close(self) -> None:
        """Forget what this run changed."""
        self.database.close()

    def turn(self, keys: list[str]) -> None:
        """The keys that are asked for and changed next."""
        self._flush()
        query = "select key, digest, seen from keys where key in (select value from json_each(?))"
        found = self.database.execute(query, (json.dumps(keys),))
        self.page = {key: list(_ABSENT) for key in keys} | {key: [digest, seen] for key, digest, seen in found}

    def get(self, key: str, otherwise: str | None = None) -> str | None:
        """The hash, None for a tombstone, `otherwise` for a key that never landed."""
        digest = self._row(key)[0]
        return otherwise if digest == "" else digest

    def __setitem__(self, key: str, digest: str | None) -> None:
        self._row(key)[0] = digest

    def update(self, digests: Mapping[str, str | None]) -> None:
        """As many assignments."""
        for key, digest in digests.items():
            self[key] = digest

    def seen(self, key: str) -> datetime | None:
        """When the last version came to be, as `latest_per_key` takes it: never after it was read."""
        micros = self._row(key)[1]
        return None if micros is None else _ORIGIN + timedelta(microseconds=micros)

    def see(self, key: str, at: datetime) -> None:
        """A version came to be."""
        self._row(key)[1] = (at - _ORIGIN) // timedelta(microseconds=1)

    def say(self, keys: Iterable[str]) -> None:
        """The files of this run speak of these keys."""
        self.database.executemany("insert or ignore into said values (?)", ((key,) for key in keys))

    def alive(self) -> int:
        """How many keys are there as far as is known."""
        self._flush()
        return self.database.execute("select count(*) from keys where digest is not null").fetchone()[0]

    def left_out(self, files: Iterable[str] | None = None) -> list[tuple[str, str]]:
        """(key, file that it came in) of those alive that no file spoke of; if given, only what came in `files`."""
        self._flush()
        query = "select key, file from keys where digest is not null and key not in (select key from said)"
        among = "" if files is None else " and file in (select value from json_each(?))"
        values = () if files is None else (json.dumps(list(files)),)
        return self.database.execute(f"{query}{among} order by key", values).fetchall()

    def _row(self, key: str) -> list[Any]:
        if key not in self.page:
            query = "select digest, seen from keys where key = ?"
            self.page[key] = list(self.database.execute(query, (key,)).fetchone() or _ABSENT)
        return self.page[key]

    def _flush(self) -> None:
        rows = [(key, digest, seen, None) for key, (digest, seen) in self.page.items() if digest != ""]
        self.database.executemany(f"{_PUT}, seen = excluded.seen", rows)
        self.page = {}

    def _open(self, path: Path) -> None:
        self.database = sqlite3.connect(path, isolation_level=None)
        for statement in ("pragma synchronous=OFF", *_SCHEMA):
            self.database.execute(statement)

    def _catch_up(self, landing: Path, system: str, stream: str) -> None:
        known = dict(self.database.execute("select load_id, sha256 from loads"))
        landed = {load.load_id: load.sha256 for load in manifests(landing, system, stream)}
        if known.items() - landed.items():
            known = {}
            self.database.execute("delete from keys")
            self.database.execute("delete from loads")
        for load_id, sha256 in landed.items():
            if load_id not in known:
                self.database.execute("begin")
                file = pq.ParquetFile(stream_folder(landing, system, stream) / f"{load_id}.parquet")
                for batch in file.iter_batches(_BATCH, columns=[n for n in _COLUMNS if n in file.schema_arrow.names]):
                    self.database.executemany(f"{_PUT}, seen = excluded.seen, file = excluded.file", _versions(batch))
                self.database.execute("insert into loads values (?, ?)", (load_id, sha256))
                self.database.execute("commit")


def _versions(batch: pa.RecordBatch) -> Iterable[tuple]:
    times = pc.min_element_wise(batch["_event_at"], batch["_extracted_at"]).cast(pa.int64())
    hashes = pc.if_else(batch["_deleted"], None, batch["_payload_hash"])
    files = batch["_file"] if "_file" in batch.schema.names else pa.nulls(len(batch), pa.string())
    return zip(*(column.to_pylist() for column in (batch["_source_key"], hashes, times, files)), strict=True)
