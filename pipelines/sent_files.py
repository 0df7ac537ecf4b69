"""What the files of one run say together: which versions landed before, which records are gone by what files leave out.

One instance serves one run of a stream of files; of other streams nothing comes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.landing import REJECTED, manifests, stream_folder, write_whole
from sources.card_numbers import mask_text
from sources.records import Reject, Sent

_LOUD = 20
_REJECTS = pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("text", pa.string())])


@dataclass
class SentFiles:
    """`last` is for each key the number of the last file that spoke of it, `files` what each number was."""

    landing: Path
    system: str
    stream: str
    files: dict[int, Sent] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    _latest: dict[int, int] | None = None

    def note(self, sent: Sent, keys: Iterable[str]) -> None:
        """Keys that a file speaks of, in whatever order its pages come."""
        before = self.files.get(sent.number, sent)
        sure = {"full": sent.full and before.full, "again": sent.again and before.again}
        self.files[sent.number] = replace(sent, **sure, spared=(*before.spared, *sent.spared))
        for key in (*keys, *sent.spared):
            self.last[key] = max(sent.number, self.last.get(key, -1))

    def landed_before(self, key: str, digest: str | None, sent: Sent) -> bool:
        """Whether this very version is the last that this file brought of the key, whatever others said since."""
        if self._latest is None:
            self._latest = {}
            for path in self._loads():
                columns = ["_source_key", "_file", "_payload_hash"]
                rows = pq.read_table(path, columns=columns, partitioning=None).to_pydict().values()
                self._latest.update((hash((key, file)), hash(told)) for key, file, told in zip(*rows, strict=True))
        return self._latest.get(hash((key, sent.name))) == hash(digest)

    def vanished(self, known: Mapping[str, str | None]) -> dict[str, datetime]:
        """Keys that are alive as far as is known and that a full file, or a new version of one, left out; and when."""
        alive = [key for key, digest in known.items() if digest is not None]
        full = max((number for number, sent in self.files.items() if sent.full), default=-1)
        gone = {key: self.files[full].at for key in alive if self.last.get(key, -1) < full}
        again = {sent.name: number for number, sent in self.files.items() if sent.again}
        if again:
            origin = self._origins()
            numbers = {key: again.get(origin.get(key, ""), -1) for key in alive}
            gone |= {key: self.files[number].at for key, number in numbers.items() if self.last.get(key, -1) < number}
        return dict(sorted(gone.items()))

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

    def _origins(self) -> dict[str, str]:
        """For each key the file that its last landed version came in."""
        found: dict[str, str] = {}
        for path in self._loads():
            table = pq.read_table(path, columns=["_source_key", "_file"], partitioning=None)
            found.update(zip(table["_source_key"].to_pylist(), table["_file"].to_pylist(), strict=True))
        return found

    def _loads(self) -> list[Path]:
        folder = stream_folder(self.landing, self.system, self.stream)
        return [folder / f"{load.load_id}.parquet" for load in manifests(self.landing, self.system, self.stream)]


def rejects(landing: Path, system: str, stream: str) -> list[Reject]:
    """Every line that was refused, oldest load first."""
    folder = stream_folder(landing / REJECTED, system, stream)
    tables = [pq.read_table(path, partitioning=None) for path in sorted(folder.glob("*.parquet"))]
    found = dict.fromkeys(Reject(**row) for table in tables for row in table.to_pylist())
    return list(found)
