"""How records become immutable Parquet loads: temp file, fsync, rename, manifest; and how to read what has landed.

Nothing here knows a system or the ledger. A file without a manifest does not exist: `recover` removes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sources.contract import NATIVE, Contract, Stream
from sources.errors import StreamBusy
from sources.records import ORIGIN

MANIFESTS = "_manifest"
QUARANTINE = "_quarantine"
REJECTED = "_rejected"
EMPTY = "00000000T000000-empty"
REWRITTEN = ".rewritten"
ENVELOPE = pa.schema(
    [
        ("_system", pa.string()),
        ("_stream", pa.string()),
        ("_source_key", pa.string()),
        ("_unit", pa.string()),
        ("_event_at", pa.timestamp("us")),
        ("_event_text", pa.string()),
        ("_extracted_at", pa.timestamp("us")),
        ("_load_id", pa.string()),
        ("_payload_hash", pa.string()),
        ("_deleted", pa.bool_()),
    ]
)
PAYLOAD = pa.field("_payload", pa.string())
_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
    "json": pa.string(),
}
_ROW_GROUP = 20_000


@dataclass(frozen=True)
class Manifest:
    """What one load proves. Times are ISO texts in UTC; `position` is the stream's opaque state after it."""

    load_id: str
    system: str
    stream: str
    rows: int
    deleted: int
    sha256: str
    bytes: int
    full: bool
    lower: str | None
    upper: str
    proven_until: str
    position: Any
    extracted_at: str
    event_from: str | None
    event_until: str | None
    schema_fingerprint: str
    contract_fingerprint: str


def native_fields(stream: Stream) -> list[pa.Field]:
    """The Arrow fields of a SQL stream's own columns, exact decimals included."""
    return [
        pa.field(name, pa.decimal128(18, column.scale) if column.type == "decimal" else _TYPES[column.type])
        for name, column in stream.columns.items()
    ]


def landing_schema(contract: Contract, stream: Stream) -> pa.Schema:
    """The columns of a stream's files: the envelope, then the payload or the native columns."""
    own = native_fields(stream) if contract.kind in NATIVE else [PAYLOAD]
    return pa.schema([*ENVELOPE, *own, *(ORIGIN if contract.kind == "files" else [])])


def fingerprint(value: Any) -> str:
    """A short stable digest of a schema, a contract or any JSON-able value."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stream_folder(landing: Path, system: str, stream: str) -> Path:
    """Where a stream's files lie."""
    return landing / system / stream


def prepare_landing(contracts: Mapping[str, Contract], landing: Path) -> None:
    """Give every stream its folder and a file of no rows, so that `*.parquet` always resolves."""
    for contract in contracts.values():
        for name, stream in contract.streams.items():
            folder = stream_folder(landing, contract.system, name)
            (folder / MANIFESTS).mkdir(parents=True, exist_ok=True)
            path, schema = folder / f"{EMPTY}.parquet", landing_schema(contract, stream)
            if not path.exists() or not pq.read_schema(path).equals(schema):
                partial = _partial(path)
                pq.write_table(schema.empty_table(), partial, compression="zstd")
                _settle(partial, path)


def next_load_id(landed: list[Manifest], committed: str | None, now: datetime) -> tuple[str, datetime]:
    """A load id and its instant (naive UTC), later than every load of the stream, even if clocks stand still.

    `landed` are the stream's manifests, `committed` is the load id that its cursor names.
    """
    at = now.astimezone(UTC).replace(tzinfo=None)
    earlier = [datetime.fromisoformat(manifest.extracted_at) for manifest in landed]
    earlier += [datetime.strptime(committed[:21], "%Y%m%dT%H%M%S%f")] if committed else []
    if earlier:
        at = max(at, max(earlier) + timedelta(microseconds=1))
    return f"{at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}", at


def manifests(landing: Path, system: str, stream: str) -> list[Manifest]:
    """The stream's loads, oldest first."""
    folder = stream_folder(landing, system, stream) / MANIFESTS
    return [Manifest(**json.loads(path.read_bytes())) for path in sorted(folder.glob("*.json"))]


def systems_landed(landing: Path) -> set[str]:
    """The systems that have landed anything, however long ago."""
    return {path.parts[-4] for path in landing.glob(f"[!_]*/*/{MANIFESTS}/*.json")}


@contextmanager
def stream_lock(landing: Path, system: str, stream: str) -> Iterator[None]:
    """Only one run of a stream at a time; StreamBusy at once if there is another. A killed run frees its lock."""
    folder = stream_folder(landing, system, stream)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StreamBusy(system, stream, "another run of this stream is under way") from None
        yield


def recover(landing: Path) -> list[Path]:
    """Remove what an interrupted run left: partial files, and loads without a manifest. Returns what was removed.

    A stream that is being extracted at this moment is left alone.
    """
    removed = []
    for folder in sorted(path for path in landing.glob("[!_]*/*") if path.is_dir()):
        try:
            with stream_lock(landing, folder.parent.name, folder.name):
                removed += sweep(folder)
        except StreamBusy:
            continue
    return removed


def sweep(folder: Path) -> list[Path]:
    """As `recover`, for one stream's folder whose lock the caller holds."""
    for pending in (folder / MANIFESTS).glob(f"*{REWRITTEN}"):
        file, proof = folder / f"{pending.stem}.parquet", json.loads(pending.read_bytes())
        if _sha256(file) == proof["sha256"]:
            _settle(pending, pending.with_suffix(".json"))
        else:
            pending.unlink()
    proven = {path.stem for path in (folder / MANIFESTS).glob("*.json")} | {EMPTY}
    stray = [*folder.glob("*.partial"), *(folder / MANIFESTS).glob("*.partial")]
    stray += [path for path in folder.glob("*.parquet") if path.stem not in proven]
    for path in stray:
        path.unlink()
    return stray


class LoadWriter:
    """One load under way: a partial file that becomes readable only in `commit`."""

    def __init__(self, landing: Path, system: str, stream: str, load_id: str, schema: pa.Schema) -> None:
        self.folder, self.load_id, self.system, self.stream = (
            stream_folder(landing, system, stream),
            load_id,
            system,
            stream,
        )
        self.landing, self.schema, self.rows, self.deleted = landing, schema, 0, 0
        self.event_from: datetime | None = None
        self.event_until: datetime | None = None
        (self.folder / MANIFESTS).mkdir(parents=True, exist_ok=True)
        self._partial = _partial(self.folder / f"{load_id}.parquet")
        self._file: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows in the load's schema; they reach the disk in groups, so that memory stays flat."""
        if not batch.num_rows:
            return
        self.rows += batch.num_rows
        self.deleted += pc.sum(batch["_deleted"]).as_py()
        span = pc.min_max(batch["_event_at"]).as_py()
        if span["min"] is not None:
            self.event_from = min(self.event_from or span["min"], span["min"])
            self.event_until = max(self.event_until or span["max"], span["max"])
        self._waiting.append(batch)
        if sum(waiting.num_rows for waiting in self._waiting) >= _ROW_GROUP:
            self._flush()

    def widen(self, fields: Iterable[pa.Field]) -> None:
        """Add columns that the source has and the contract does not know; only before the first row."""
        self.schema = pa.schema([*self.schema, *fields])

    def commit(self, **proof: Any) -> Manifest | None:
        """Make the load readable: fsync, rename, then its manifest. None, and no file, if there are no rows."""
        if not self.rows:
            self.abandon()
            return None
        self._close()
        size, digest = self._partial.stat().st_size, _sha256(self._partial)
        _settle(self._partial, self.folder / f"{self.load_id}.parquet")
        manifest = Manifest(
            load_id=self.load_id,
            system=self.system,
            stream=self.stream,
            rows=self.rows,
            deleted=self.deleted,
            sha256=digest,
            bytes=size,
            event_from=_iso(self.event_from),
            event_until=_iso(self.event_until),
            schema_fingerprint=proof.pop("schema_fingerprint", None) or fingerprint(str(self.schema)),
            **proof,
        )
        path = self.folder / MANIFESTS / f"{self.load_id}.json"
        _write_durably(path, asdict(manifest))
        return manifest

    def quarantine(self, reason: Mapping[str, Any], raw: pa.Table) -> Path:
        """Move the load into quarantine with the raw page that broke it; an earlier quarantine is replaced."""
        folder = stream_folder(self.landing / QUARANTINE, self.system, self.stream)
        folder.mkdir(parents=True, exist_ok=True)
        for earlier in folder.iterdir():
            earlier.unlink()
        path = folder / f"{self.load_id}.parquet"
        if self.rows:
            self._close()
            _settle(self._partial, path)
        raw_path = folder / f"{self.load_id}-raw.parquet"
        write_whole(raw, raw_path)
        _write_durably(path.with_suffix(".json"), dict(reason))
        return raw_path

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._file is not None and self._file.is_open:
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._file is None:
            plain = {"_source_key", "_payload_hash", "_payload"}
            dictionary = [name for name in self.schema.names if name not in plain]
            self._file = pq.ParquetWriter(
                self._partial, self.schema, compression="zstd", use_dictionary=dictionary, write_statistics=True
            )
        if self._waiting:
            self._file.write_table(pa.Table.from_batches(self._waiting, self.schema), row_group_size=_ROW_GROUP)
            self._waiting = []

    def _close(self) -> None:
        self._flush()
        self._file.close()
        with self._partial.open("rb") as handle:
            os.fsync(handle.fileno())


def write_whole(table: pa.Table, path: Path) -> None:
    """Write a file that is no load, such as a table of rejects, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, _partial(path), compression="zstd")
    _settle(_partial(path), path)


def rewrite(landing: Path, load: Manifest, table: pa.Table) -> None:
    """Replace a load's file, for erasure alone; a kill between the two renames is mended by `sweep`."""
    folder = stream_folder(landing, load.system, load.stream)
    path, partial = folder / f"{load.load_id}.parquet", _partial(folder / f"{load.load_id}.parquet")
    pq.write_table(table, partial, compression="zstd", row_group_size=_ROW_GROUP)
    deleted = pc.sum(table["_deleted"]).as_py() or 0
    proof = {"rows": table.num_rows, "deleted": deleted, "sha256": _sha256(partial), "bytes": partial.stat().st_size}
    manifest = folder / MANIFESTS / f"{load.load_id}.json"
    _write_durably(manifest.with_suffix(REWRITTEN), asdict(load) | proof)
    _settle(partial, path)
    _settle(manifest.with_suffix(REWRITTEN), manifest)


def landed_hashes(
    landing: Path, system: str, stream: str, since: datetime | None = None, by: str = "_event_at"
) -> dict[str, str | None]:
    """The last landed payload hash of each key; None for a key whose last word is a tombstone.

    `since` (naive UTC) leaves out rows whose time in column `by` is older; rows without one stay.
    """
    found: dict[str, str | None] = {}
    folder = stream_folder(landing, system, stream)
    recent = None if since is None else pc.field(by).is_null() | (pc.field(by) >= pa.scalar(since, pa.timestamp("us")))
    for manifest in manifests(landing, system, stream):
        columns = ["_source_key", "_payload_hash", "_deleted"]
        path = folder / f"{manifest.load_id}.parquet"
        table = pq.read_table(path, columns=columns, filters=recent, partitioning=None)
        hashes = pc.if_else(table["_deleted"], None, table["_payload_hash"])
        found.update(zip(table["_source_key"].to_pylist(), hashes.to_pylist(), strict=True))
    return found


def damaged_loads(landing: Path) -> list[str]:
    """Loads whose file is missing or differs from its manifest's hash, as `system/stream/load_id`."""
    wrong = []
    for path in sorted(landing.glob(f"[!_]*/*/{MANIFESTS}/*.json")):
        file = path.parent.parent / f"{path.stem}.parquet"
        if not file.exists() or _sha256(file) != json.loads(path.read_bytes())["sha256"]:
            wrong.append(f"{file.parent.parent.name}/{file.parent.name}/{path.stem}")
    return wrong


def is_load_id(text: str) -> bool:
    """Whether the text has the form of a load id."""
    return re.fullmatch(r"\d{8}T\d{12}-[0-9a-f]{8}", text) is not None


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def _write_durably(path: Path, content: Mapping[str, Any]) -> None:
    partial = _partial(path)
    with partial.open("w") as handle:
        json.dump(content, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    _settle(partial, path)


def _settle(partial: Path, path: Path) -> None:
    os.replace(partial, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
