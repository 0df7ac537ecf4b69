"""One run of one stream: which windows it reads, what proves it complete, what is gone, and when its cursor moves."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines import suppression
from pipelines.connectors import ability
from pipelines.cursors import State, commit_cursor, next_windows, proven_until, read_state
from pipelines.intake import Broken, Intake
from pipelines.known_keys import KnownKeys
from pipelines.landing import LoadWriter, Manifest, fingerprint, landed_hashes, landing_schema, manifests, next_load_id
from pipelines.ledger import open_ledger
from pipelines.sent_files import SentFiles
from sources.contract import NATIVE
from sources.errors import Drift, ExtractError, MissingScope, ShortRead, SweepRefused
from sources.records import NEVER, Page, Tombstone, Window

_SHAPE_ERRORS = (KeyError, TypeError, IndexError, AttributeError)


@dataclass(frozen=True)
class LoadReport:
    """What one run of a stream did. `rows` landed (of `received`), `deleted` of them tombstones.

    `rejected` are lines of files that could not be read as records.
    """

    system: str
    stream: str
    load_id: str
    rows: int
    deleted: int
    received: int
    seconds: float
    proven_until: datetime
    full: bool
    warnings: tuple[str, ...] = ()
    rejected: int = 0

    @property
    def proven(self) -> str:
        """`proven_until` for people."""
        return "nothing yet" if self.proven_until == NEVER else f"{self.proven_until:%Y-%m-%d %H:%M:%S}"


class StreamRun:
    """The caller holds the stream's lock, and gives the client of the system's account."""

    def __init__(self, contract, name, settings, now, full, client, connector) -> None:
        self.began = time.perf_counter()
        self.contract, self.name, self.stream = contract, name, contract.streams[name]
        self.landing, self.engine = settings.landing, open_ledger(settings.ledger_url)
        self.known_at = settings.known
        self.now, self.client, self.connector = now, client, connector
        self.state = read_state(self.engine, self.landing, contract.system, name)
        self.windows = next_windows(self.stream, self.state, now, full)
        whole = self.windows[0].full and contract.kind != "files"
        self.full = whole or full or self.state.proven_until is None
        self.files = SentFiles(self.landing, contract.system, name)
        self.load_id, self.started = next_load_id(
            manifests(self.landing, contract.system, name), self.state.load_id, now
        )
        self.position, self.pages = self.state.position, 0
        self.heard: datetime | None = None
        self.settled: datetime | None = None

    def land(self) -> LoadReport:
        """Read, land, and move the cursor. Raises ExtractError; then nothing has landed and the cursor stands."""
        self._check_scopes()
        sweeping = self.full or self._sweep_due()
        erased = suppression.of_stream(self.engine, self.contract, self.name)
        track = self._must_track(sweeping)
        known = self._known(sweeping)
        self.intake = Intake(self.contract, self.name, self.load_id, known, track, erased, files=self.files)
        self.schema = landing_schema(self.contract, self.stream)
        self.writer = LoadWriter(self.landing, self.contract.system, self.name, self.load_id, self.schema)
        committed = None
        try:
            self._read_deleted()
            for window in self.windows:
                self._read_window(window)
            self._write_tombstones(self.intake.take_merged())
            if sweeping:
                self._sweep()
            self._drop(self.files.vanished())
            said = self.files.keep_rejects(self.load_id, nameless=bool(erased.digests))
            self.intake.warnings.update(dict.fromkeys(said))
            committed = self._commit(sweeping)
        finally:
            if committed is None:
                self.writer.abandon()
            if self.files.keys:
                self.files.keys.close()
        return committed

    def _known(self, sweeping: bool) -> dict[str, str | None] | KnownKeys:
        """Hashes of what has landed: all of it where deletions are sought, else what the window may show again."""
        stream, lower = self.stream, self.windows[0].lower
        if self.contract.kind == "files":
            path = self.known_at / f"{self.contract.system}-{self.name}.db"
            self.files.keys = KnownKeys(path, self.landing, self.contract.system, self.name)
            return self.files.keys
        native = self.contract.kind in NATIVE
        shown_again = stream.request is not None and bool(stream.request.tail)
        dated = native or stream.event_time in (None, stream.cursor) and not shown_again
        may_vanish = sweeping or stream.delete_mode == "tombstone_feed" or stream.merge_field
        if lower is None or may_vanish or not dated:
            return landed_hashes(self.landing, self.contract.system, self.name)
        by = stream.cursor if native else "_event_at"
        return landed_hashes(self.landing, self.contract.system, self.name, lower.replace(tzinfo=None), by)

    def _must_track(self, sweeping: bool) -> bool:
        return self.contract.kind not in NATIVE or sweeping and self.stream.delete_mode == "full_sweep"

    def _check_scopes(self) -> None:
        if not self.stream.required_scopes or not hasattr(self.connector, "probe"):
            return
        missing = sorted(set(self.stream.required_scopes) - set(self.connector.probe(self.client)))
        if missing:
            problem = f"the credential lacks {', '.join(missing)}, so that records or history would be missing"
            raise self._error(MissingScope, problem, f"grant {', '.join(missing)}, then run again")

    def _read_deleted(self) -> None:
        if self.stream.delete_mode != "tombstone_feed" or self.full:
            return
        found = self._guarded(self._can("deleted")(self.client, self.stream, self.windows[0]))
        tombs = [one if isinstance(one, Tombstone) else Tombstone(str(one)) for one in found]
        self._write_tombstones(tombs)

    def _can(self, name: str) -> Callable[..., Any]:
        return ability(self.connector, self.contract, name)

    def _read_window(self, window: Window) -> None:
        read, received, totals = self._can(self.name), self.intake.received, set()
        self.intake.here.clear()
        for page in self._guarded(read(self.client, self.stream, window)):
            self.pages += 1
            self.heard = self.heard or getattr(self.client, "server_at", None)
            self._take(page)
            if page.total is not None:
                totals.add(page.total)
            if page.position is not None:
                self.position = page.position
            if page.settled is not None:
                self.settled = min(self.settled or page.settled, page.settled)
        count = len(self.intake.here) if self.intake.track else self.intake.received - received
        if self.stream.expected_total:
            self._prove_total(count, totals)

    def _prove_total(self, count: int, totals: set[int]) -> None:
        if not totals:
            self.intake.warnings["the source stated no total: only a sweep of all ids can prove completeness"] = None
        elif not min(totals) <= count <= max(totals):
            raise self._error(ShortRead, f"{count} distinct records came, but the source counts {max(totals)}")

    def _take(self, page: Page) -> None:
        self.intake.warnings.update(dict.fromkeys(page.notes))
        self.files.rejects += page.rejects
        at = self.started + timedelta(microseconds=self.pages)
        try:
            batch = self.intake.rows(page, at)
        except Broken as broken:
            raise self._quarantined(str(broken), broken.raw) from None
        if batch.schema != self.writer.schema:
            self.writer.widen([one for one in batch.schema if one.name not in self.writer.schema.names])
            self.schema = self.writer.schema
        self.writer.write(batch)

    def _guarded(self, produced: Iterable) -> Iterable:
        """What a connector yields; an answer of an unexpected shape becomes a Drift, a raw batch its quarantine."""
        iterator = iter(produced)
        while True:
            try:
                item = next(iterator)
            except StopIteration:
                return
            except Drift as drift:
                raise self._quarantined(drift.problem, getattr(drift, "raw", None), drift.remedy) from None
            except _SHAPE_ERRORS as error:
                problem = f"the answer has not the shape that the connector knows ({place_of(error)})"
                raise self._quarantined(problem, None) from error
            yield item

    def _quarantined(self, problem: str, raw: pa.Table | None, remedy: str | None = None) -> Drift:
        """The Drift to raise, its raw rows in quarantine: as given, or else the last answer as it came."""
        raw = self.intake.raw_answer(getattr(self.client, "answer", None)) if raw is None else self.intake.masked(raw)
        reason = {"system": self.contract.system, "stream": self.name, "load_id": self.load_id, "problem": problem}
        self.writer.quarantine({**reason, "page": self.pages, "at": self.started.isoformat()}, raw)
        return self._error(Drift, f"{problem}; what came is in quarantine", remedy)

    def _sweep_due(self) -> bool:
        if self.stream.delete_mode != "full_sweep":
            return False
        swept = self.state.swept_at
        return swept is None or self.now.astimezone(UTC).replace(tzinfo=None) - swept >= self.stream.sweep_every

    def _sweep(self) -> None:
        """Records that landed earlier and are gone now become tombstones, unless that is too many to believe."""
        if self.stream.delete_mode not in ("full_sweep", "tombstone_feed"):
            return
        alive = self.intake.seen
        if not self.full:
            listed = self._guarded(self._can("keys")(self.client, self.stream))
            alive = {str(key) for keys in listed for key in keys}
        known = self.intake.known.items()
        self._drop({key: None for key, digest in known if digest is not None and key not in alive})

    def _drop(self, vanished: Mapping[str, datetime | None]) -> None:
        """Tombstones with their time, where it is told, unless so many that an outage or half a file is likelier."""
        if not vanished:
            return
        known = self.intake.alive
        limit = max(1, known * self.stream.sweep_limit_percent / 100)
        if self.stream.sweep_limit_percent < 100 and (len(vanished) > limit or len(vanished) == known):
            allowed = f"{self.stream.sweep_limit_percent:g}% that the contract allows"
            problem = f"{len(vanished)} of {known} known records are gone, more than the {allowed}"
            raise SweepRefused(self.contract.system, self.name, problem)
        self._write_tombstones(Tombstone(key, at and f"{at.isoformat()}Z") for key, at in vanished.items())

    def _write_tombstones(self, gone: Iterable[Tombstone]) -> None:
        at = self.started + timedelta(microseconds=self.pages)
        self.writer.write(self.intake.tombstones(gone, at, self.schema))

    def _commit(self, swept: bool) -> LoadReport:
        stream, intake = self.stream, self.intake
        upper = self.now.astimezone(UTC).replace(tzinfo=None)
        proven = proven_until(stream, self.state, self.now, self.heard, self.settled)
        lower = self.windows[0].lower
        rows, deleted = self.writer.rows, self.writer.deleted
        manifest: Manifest | None = self.writer.commit(
            full=self.full,
            lower=lower.replace(tzinfo=None).isoformat() if lower else None,
            upper=upper.isoformat(),
            proven_until=proven.isoformat(),
            position=self.position,
            extracted_at=(self.started + timedelta(microseconds=self.pages)).isoformat(),
            schema_fingerprint=fingerprint(intake.shape),
            contract_fingerprint=fingerprint(stream.model_dump(mode="json")),
        )
        swept_at = upper if swept else self.state.swept_at
        state = State(proven, self.position, swept_at, self.state.landed or manifest is not None)
        commit_cursor(self.engine, self.contract.system, self.name, self.load_id, state, self.started)
        counts = (rows, deleted, intake.received)
        taken = time.perf_counter() - self.began
        said = (intake.told, len(self.files.rejects))
        return LoadReport(self.contract.system, self.name, self.load_id, *counts, taken, proven, self.full, *said)

    def _error(self, kind: type[ExtractError], problem: str, remedy: str | None = None) -> ExtractError:
        return kind(self.contract.system, self.name, problem, remedy, page=self.pages or None)


def place_of(error: BaseException) -> str:
    """Type and place of an error, without its text, which may repeat a value."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
