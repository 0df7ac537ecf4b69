"""What the files of one run say together: which versions landed before, which records are gone by what files leave out.

One instance serves one run of a stream of files; of other streams nothing comes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.known_keys import KnownKeys
from pipelines.landing import REJECTED, stream_folder, write_whole
from sources.card_numbers import mask_text
from sources.records import Reject, Sent

_LOUD = 20
_REJECTS = pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("text", pa.string())])


@dataclass
class SentFiles:
    """`keys` is what landed of each key, and which ones the files of this run speak of; None before they are opened."""

    landing: Path
    system: str
    stream: str
    files: dict[str, Sent] = field(default_factory=dict)
    keys: KnownKeys | None = None
    rejects: list[Reject] = field(default_factory=list)

    def note(self, sent: Sent, keys: Iterable[str]) -> None:
        """Keys that a file speaks of, in whatever order its pages come."""
        before = self.files.get(sent.name, sent)
        self.files[sent.name] = replace(sent, full=sent.full and before.full, again=sent.again and before.again)
        self.keys.say([*keys, *sent.spared])

    def after(self, key: str, at: datetime | None, cap: datetime) -> datetime:
        """When a version came to be: as told, but after the key's version before, for files have the order of words."""
        before = self.keys.seen(key)
        at = at or cap
        if before is not None and min(at, cap) <= before:
            at = before + timedelta(microseconds=1)
        self.keys.see(key, min(at, cap))
        return at

    def vanished(self) -> dict[str, datetime]:
        """Keys that are alive as far as is known and that a full file, or a new version of one, left out; and when."""
        full = max((sent.at for sent in self.files.values() if sent.full), default=None)
        if full is not None:
            return {key: full for key, _ in self.keys.left_out()}
        again = {sent.name: sent.at for sent in self.files.values() if sent.again}
        return {key: again[file] for key, file in self.keys.left_out(again)} if again else {}

    def keep_rejects(self, load_id: str, nameless: bool) -> list[str]:
        """Write the lines that are no records into the stream's table of rejects; what to say of them.

        `nameless`: without their text, where people of this system were erased and nobody can tell whose a line is.
        """
        if not self.rejects:
            return []
        folder = stream_folder(self.landing / REJECTED, self.system, self.stream)
        rows = [
            {
                "file": one.file,
                "line": one.line,
                "reason": one.reason,
                "text": None if nameless else mask_text(one.text),
            }
            for one in self.rejects
        ]
        write_whole(pa.Table.from_pylist(rows, _REJECTS), folder / f"{load_id}.parquet")
        said = [f"{one.file}, line {one.line}: {one.reason}; not landed" for one in self.rejects[:_LOUD]]
        more = len(self.rejects) - len(said)
        return [*said, f"and {more} more lines: see the stream's rejects"] if more else said


def rejects(landing: Path, system: str, stream: str) -> list[Reject]:
    """Every line that was refused, oldest load first."""
    folder = stream_folder(landing / REJECTED, system, stream)
    tables = [pq.read_table(path, partitioning=None) for path in sorted(folder.glob("*.parquet"))]
    found = dict.fromkeys(Reject(**row) for table in tables for row in table.to_pylist())
    return list(found)
