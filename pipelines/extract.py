"""Contract to landing: which window a stream reads next, what proves it complete, and when its cursor moves.

Plain functions and threads; the Dagster assets around them are in definitions.py. One stream's failure stops no other.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from pipelines import resources, suppression
from pipelines.cursors import State, commit_cursor, next_windows, read_state
from pipelines.intake import Broken, Intake
from pipelines.known_keys import KnownKeys
from pipelines.landing import (
    LoadWriter,
    Manifest,
    fingerprint,
    landed_hashes,
    landing_schema,
    manifests,
    next_load_id,
    prepare_landing,
    stream_folder,
    stream_lock,
    sweep,
)
from pipelines.ledger import open_ledger
from pipelines.portfolio import in_force, refusal
from pipelines.resources import MissingReference, Settings
from pipelines.sent_files import SentFiles
from sources import files, http, rest, sql
from sources.contract import NATIVE, Contract
from sources.errors import BadCredentials, Drift, ExtractError, MissingScope, ShortRead, SweepRefused
from sources.records import NEVER, Page, Tombstone, Window

Resolve = Callable[[str], str]
KERNELS = {"sql": sql, "files": files}
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


@dataclass(frozen=True)
class Failure:
    """A stream that landed nothing this time; its cursor stands where it stood."""

    system: str
    stream: str
    kind: str
    message: str


def extract_stream(
    contract: Contract,
    name: str,
    settings: Settings,
    now: datetime,
    resolve: Resolve = resources.resolve,
    full: bool = False,
    client: Any = None,
    connector: ModuleType | None = None,
) -> LoadReport:
    """Read what is new of one stream (everything if `full`), land it, then move its cursor.

    Raises ExtractError; then nothing has landed, except raw pages in quarantine after a Drift.
    """
    began = time.perf_counter()
    connector = connector or connector_of(contract)
    prepare_landing({contract.system: _only(contract, name)}, settings.landing)
    with stream_lock(settings.landing, contract.system, name):
        sweep(stream_folder(settings.landing, contract.system, name))
        own = client is None
        client = client or open_client(contract, connector, resolve, keep=settings.accounts)
        try:
            run = _Run(contract, name, settings, now, full, _bound(client, contract, name), connector)
            report = run.land()
        finally:
            if own:
                close_client(client)
    return LoadReport(*report[:6], time.perf_counter() - began, *report[6:])


def extract_all(
    contracts: Mapping[str, Contract],
    settings: Settings,
    now: datetime,
    systems: Iterable[str] | None = None,
    resolve: Resolve = resources.resolve,
    full: bool = False,
    workers: int = 8,
) -> list[LoadReport | Failure]:
    """All streams of the systems, in threads, one client per account; in the contracts' order.

    Without `systems`, those that are in force here; one that is named and not approved is a failure.
    """
    open_ledger(settings.ledger_url)
    chosen = [contracts[system] for system in (systems or in_force(contracts, settings, resolve))]
    clients = {contract.system: _Lazy(contract, resolve, settings.accounts) for contract in chosen}

    def one(contract: Contract, name: str) -> LoadReport | Failure:
        try:
            if refused := refusal(contract, settings):
                raise refused
            client = clients[contract.system].get(name)
            return extract_stream(contract, name, settings, now, resolve, full, client)
        except ExtractError as error:
            return Failure(contract.system, name, type(error).__name__, str(error))

    try:
        with ThreadPoolExecutor(workers, thread_name_prefix="extract") as pool:
            work = [(contract, name) for contract in chosen for name in contract.streams]
            tasks = {(contract.system, name): pool.submit(one, contract, name) for contract, name in work}
        return [_outcome(task, system, name) for (system, name), task in tasks.items()]
    finally:
        for lazy in clients.values():
            lazy.close()


def _outcome(task: Future, system: str, stream: str) -> LoadReport | Failure:
    """A task's report; a fault of our own code is that stream's failure too, logged by place and never by value."""
    error = task.exception()
    if error is None:
        return task.result()
    logging.getLogger(__name__).error("%s/%s: %s", system, stream, _place(error))
    return Failure(system, stream, type(error).__name__, f"{system}/{stream}: a fault of our own, {_place(error)}")


def _place(error: BaseException) -> str:
    """Type and place of an error, without its text, which may repeat a value."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"


def connector_of(contract: Contract) -> ModuleType:
    """The system's connector.py: what its contract cannot say in facts."""
    return importlib.import_module(f"sources.{contract.system}.connector")


def ability(connector: Any, contract: Contract, name: str) -> Callable[..., Any] | None:
    """The connector's own function of that name, or the kernel's for its kind; a stream's reader is named like it."""
    own = getattr(connector, name, None)
    if own is not None:
        return own
    kernel = KERNELS.get(contract.kind, rest)
    if name in contract.streams:
        stream = contract.streams[name]
        said = {rest: stream.request, files: stream.files}
        return kernel.read if said.get(kernel, True) else None
    return getattr(kernel, name, None)


def open_client(
    contract: Contract, connector: Any, resolve: Resolve, stream: str = "*", keep: Path | None = None
) -> Any:
    """The connector's own `connect`, or the kernel's for its kind. An unset reference is BadCredentials.

    `keep`: folder for what all processes that use the account share.
    """
    try:
        if contract.kind == "sql":
            return getattr(connector, "connect", sql.connect)(contract, resolve)
        kernel = files if contract.kind == "files" else http
        return getattr(connector, "connect", kernel.connect)(contract, resolve, keep=keep)
    except MissingReference as error:
        raise BadCredentials(contract.system, stream, str(error), "set it, then run again") from None


def close_client(client: Any) -> None:
    if hasattr(client, "close"):
        client.close()


class _Run:
    """One run of one stream, under its lock."""

    def __init__(self, contract, name, settings, now, full, client, connector) -> None:
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

    def land(self) -> tuple:
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
                problem = f"the answer has not the shape that the connector knows ({_place(error)})"
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

    def _commit(self, swept: bool) -> tuple:
        stream, intake = self.stream, self.intake
        upper = self.now.astimezone(UTC).replace(tzinfo=None)
        heard = self.heard if stream.clock != "client" else None
        proven = min(upper, heard.astimezone(UTC).replace(tzinfo=None)) if heard else upper
        proven = min(proven - stream.settle_lag, self.settled or proven)
        proven = max(proven, self.state.proven_until or proven)
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
        said = (intake.told, len(self.files.rejects))
        return (self.contract.system, self.name, self.load_id, *counts, proven, self.full, *said)

    def _error(self, kind: type[ExtractError], problem: str, remedy: str | None = None) -> ExtractError:
        return kind(self.contract.system, self.name, problem, remedy, page=self.pages or None)


class _Lazy:
    """A system's client, opened by the first stream that needs it; an error to open it is every stream's error."""

    def __init__(self, contract: Contract, resolve: Resolve, keep: Path) -> None:
        self.contract, self.resolve, self.keep = contract, resolve, keep
        self._lock, self._client = threading.Lock(), None

    def get(self, stream: str) -> Any:
        with self._lock:
            if self._client is None:
                connector = connector_of(self.contract)
                self._client = open_client(self.contract, connector, self.resolve, stream, self.keep)
            return self._client

    def close(self) -> None:
        if self._client is not None:
            close_client(self._client)


def _bound(client: Any, contract: Contract, name: str) -> Any:
    exact = contract.streams[name].money == "float"
    return client.on(name, exact) if hasattr(client, "on") else client


def _only(contract: Contract, name: str) -> Contract:
    return contract.model_copy(update={"streams": {name: contract.streams[name]}})
