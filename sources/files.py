"""File drops: which files are whole and new, and their rows as Arrow batches whose schema comes from the contract.

A file is known by its content, so what is sent twice is read once. Where files lie is in stores.py, what a table in one
looks like in tabular.py, and what becomes of its lines in file_rows.py.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pyarrow as pa

from sources.contract import Contract, Stream
from sources.errors import Drift, ExtractError
from sources.facts import Files
from sources.file_rows import FileRows, as_batch
from sources.records import NEVER, Page, Sent, Window, to_utc
from sources.said_keys import SaidKeys
from sources.stores import Entry, Store, open_store
from sources.tabular import FORMATS, BadFile, Row

ROWS_A_PAGE = 5_000
COPY = "copy"
_FIELDS = {"%Y": r"\d{4}", **dict.fromkeys(("%y", "%m", "%d", "%H", "%M", "%S"), r"\d{2}"), "%j": r"\d{3}"}
Format = Callable[[Path, Stream], Iterator[Row]]


@dataclass(frozen=True)
class Drop:
    """One stream's way to its files; `formats` are the kernel's and those of the system's connector.

    `keep`: a folder of Assay's own for the copy that is being read.
    """

    system: str
    store: Store
    formats: Mapping[str, Format]
    keep: Path | None = None
    stream: str = "*"

    def on(self, stream: str, exact: bool = False) -> Drop:
        """The same place for another stream; values are exact anyway."""
        return replace(self, stream=stream)

    def fail(self, error: type[ExtractError], problem: str, remedy: str | None = None) -> ExtractError:
        """An error of this stream."""
        return error(self.system, self.stream, problem, remedy)

    def close(self) -> None:
        """Hang up."""
        self.store.close()


@dataclass(frozen=True)
class Found:
    """A file that is whole: as listed, when it was sent (naive UTC), and whether it holds everything."""

    entry: Entry
    sent_at: datetime
    full: bool

    @property
    def place(self) -> tuple[datetime, str]:
        """Its place in the order of sending."""
        return (self.sent_at, self.entry.path)


def connect(
    contract: Contract,
    resolve: Callable[[str], str],
    keep: Path | None = None,
    formats: Mapping[str, Format] | None = None,
) -> Drop:
    """The place at the contract's endpoint; `formats` are the connector's own, `keep` a folder for its copies."""
    location = resolve(contract.endpoint)
    needed = {} if location.startswith("file:") else contract.secrets
    secrets = {name: resolve(reference) for name, reference in needed.items()}

    def problem(error: type[ExtractError], text: str) -> ExtractError:
        return error(contract.system, "*", text)

    store = open_store(location, secrets, problem)
    return Drop(contract.system, store, {**FORMATS, **(formats or {})}, keep)


def read(client: Drop, stream: Stream, window: Window) -> Iterator[Page]:
    """The rows of every file that is whole and new, oldest file first; the last page says which files are known by now.

    Where a file comes late or in a new version, and where everything is read, all files are read from the newest to the
    oldest, back to the last full one, and of each record the first version counts: the last word. Raises Drift for a
    file that is not as promised; then none of the run's files counts as read.
    """
    taken: dict[str, list] = dict((window.cursor or {}).get("files", {}))
    found, notes = _whole(client, stream, window.upper.astimezone(UTC).replace(tzinfo=None), taken)
    new = [file for file in found if taken.get(file.entry.path, [])[:2] != _seen(file.entry)]
    back = not taken or any(file.entry.path in taken or file.place < _last(taken) for file in new)
    with _scratch(client) as copy, SaidKeys() as keys:
        digests = _digests(client, stream, new, taken, copy, notes)
        fresh = {file.entry.path for file in new if digests.get(file.entry.path)}
        anew = {path for path in fresh if path in taken}
        wanted = [file for file in found if file.entry.path in fresh or (back and fresh and _is_read(file, taken))]
        for file in reversed(wanted) if back else wanted:
            entry = file.entry
            client.store.fetch(entry, copy)
            if _digest(copy) != (digests.get(entry.path) or taken[entry.path][2]):
                notes.append(f"{entry.path} is being written: not read yet")
                digests.pop(entry.path, None)
                continue
            sent = Sent(entry.path, file.sent_at, file.full, entry.path in anew)
            yield from _pages(client, stream, copy, FileRows(stream, sent, keys, back))
    for file in new:
        if file.entry.path in digests:
            digest = digests[file.entry.path] or taken[file.entry.path][2]
            taken[file.entry.path] = [*_seen(file.entry), digest, file.sent_at.isoformat(), file.full]
    yield Page(as_batch(stream, [], ""), position={"files": _remembered(stream.files, taken)}, settled=_newest(taken),
               notes=tuple(notes))  # fmt: skip


def _is_read(file: Found, taken: Mapping[str, list]) -> bool:
    """Whether the file as it lies there was read, and is no copy of another."""
    before = taken.get(file.entry.path)
    return bool(before and before[2] and before[2] != COPY and before[:2] == _seen(file.entry))


def _digests(
    client: Drop, stream: Stream, new: list[Found], taken: dict[str, list], copy: Path, notes: list[str]
) -> dict[str, str | None]:
    """Of each new file what it holds; None where that is known already, nothing where it is still being written."""
    known = {one[2]: datetime.fromisoformat(one[3]) for one in taken.values()}
    found: dict[str, str | None] = {}
    for file in new:
        path, before = file.entry.path, taken.get(file.entry.path)
        client.store.fetch(file.entry, copy)
        if copy.stat().st_size != file.entry.size:
            notes.append(f"{path} is being written: not read yet")
            continue
        digest = _digest(copy)
        # A name that tells a later time says the same once more, perhaps after something else.
        later = stream.files.stamp and file.sent_at > known.get(digest, NEVER)
        same = before is not None and before[2] == digest
        found[path] = None if same or (digest in known and not later) else digest
        if found[path] is None and not before:
            notes.append(f"{path} holds what another file brought before: not read again")
            taken[path] = [*_seen(file.entry), COPY, file.sent_at.isoformat(), file.full]
        known[digest] = file.sent_at
    return found


def _whole(client: Drop, stream: Stream, now: datetime, taken: dict[str, list]) -> tuple[list[Found], list[str]]:
    """The stream's files that nobody is writing, in the order of sending, from the newest full one on.

    Those before it become known as not read: all that they say has been said anew.
    """
    facts, notes, found = stream.files, [], []
    listed = client.store.listed()
    names = {entry.path for entry in listed}
    for entry in (entry for entry in listed if _is_meant(entry.path, facts)):
        if entry.changed_at > now - facts.settle or not _is_marked(entry.path, facts, names):
            notes.append(f"{entry.path} is being written: not read yet")
            continue
        full = any(fnmatch(entry.path, glob) for glob in facts.full)
        found.append(Found(entry, _sent_at(client, stream, entry), full))
    found.sort(key=lambda file: file.place)
    fulls = {path: one for path, one in taken.items() if one[4]}
    newest = max([file.place for file in found if file.full], default=(NEVER, ""))
    newest = max(newest, _last(fulls))
    for file in (file for file in found if file.place < newest and file.entry.path not in taken):
        notes.append(f"{file.entry.path} is older than a full file: not read")
        taken[file.entry.path] = [*_seen(file.entry), "", file.sent_at.isoformat(), file.full]
    return [file for file in found if file.place >= newest], notes


@contextmanager
def _scratch(client: Drop) -> Iterator[Path]:
    """Where the copy of one file lies while it is read. What a killed run left there goes before anything else."""
    if client.keep is None:
        with tempfile.TemporaryDirectory(prefix="assay-files-") as folder:
            yield Path(folder) / "copy"
        return
    folder = client.keep / f"{client.system}-{client.stream}.files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder / "copy"
    finally:
        shutil.rmtree(folder)


def _is_meant(path: str, facts: Files) -> bool:
    """Whether the file is the stream's, and its name not one that it bears while it is written."""
    name = PurePosixPath(path).name
    return any(fnmatch(path, glob) for glob in facts.match) and not any(fnmatch(name, g) for g in facts.unfinished)


def _is_marked(path: str, facts: Files, names: set[str]) -> bool:
    """Whether the marker that tells a whole file stands beside it, where one was promised."""
    if facts.done is None:
        return True
    folder, name = PurePosixPath(path).parent, PurePosixPath(path).name
    return str(folder / facts.done.format(name=name)) in names


def _sent_at(client: Drop, stream: Stream, entry: Entry) -> datetime:
    written = stream.files.stamp
    if written is None:
        return entry.changed_at
    form = re.sub(r"%\w", lambda field: _FIELDS[field[0]], re.sub(r"([.+*?()\[\]{}^$|\\])", r"\\\1", written))
    told = re.search(form, PurePosixPath(entry.path).name)
    at = to_utc(datetime.strptime(told[0], written), stream.timezone) if told else None
    if at is None:
        raise client.fail(Drift, f"{entry.path} does not tell its time in its name as {written}")
    return at


def _pages(client: Drop, stream: Stream, path: Path, batches: FileRows) -> Iterator[Page]:
    """One file's pages; the last one knows which lines were refused. Raises Drift if too many were."""
    facts, sent = stream.files, batches.sent
    kind = next((kind for glob, kind in facts.formats.items() if fnmatch(sent.name, glob)), facts.format)
    try:
        for row in client.formats[kind](path, stream):
            batches.take(row)
            if len(batches) >= ROWS_A_PAGE:
                yield batches.page()
        batches.prove(facts.refuse_percent)
    except BadFile as bad:
        drift = client.fail(Drift, f"{sent.name} {bad}", "have the file sent again under the same name, or taken away")
        drift.raw = pa.table({"text": pa.array(bad.sample or batches.sample, pa.string())})
        raise drift from None
    yield batches.page(last=True)


def _seen(entry: Entry) -> list:
    return [entry.size, entry.changed_at.isoformat()]


def _remembered(facts: Files, taken: dict[str, list]) -> dict[str, list]:
    """Without files sent long before the newest one."""
    oldest = (_newest(taken) - facts.remember).isoformat() if taken else ""
    return {path: one for path, one in taken.items() if one[3] >= oldest}


def _last(taken: Mapping[str, list]) -> tuple[datetime, str]:
    """The place of the file that was sent last of those that are known."""
    return max(((datetime.fromisoformat(one[3]), path) for path, one in taken.items()), default=(NEVER, ""))


def _newest(taken: Mapping[str, list]) -> datetime:
    return max((datetime.fromisoformat(one[3]) for one in taken.values()), default=NEVER)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]
