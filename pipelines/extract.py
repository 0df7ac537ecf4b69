"""Contract to landing: one stream, or all of them in threads, each with its report. One's failure stops no other.

Plain functions and threads; the Dagster assets around them are in raw_assets.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

from pipelines import resources
from pipelines.connectors import Resolve, SharedClient, bound_to, close_client, connector_of, open_client
from pipelines.disk import refused
from pipelines.landing import prepare_landing, stream_folder, stream_lock, sweep
from pipelines.ledger import LedgerUnavailable, open_ledger
from pipelines.portfolio import in_force, refusal
from pipelines.resources import Settings
from pipelines.stream_run import LoadReport, StreamRun, place_of
from sources.contract import Contract
from sources.errors import ExtractError


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
    connector = connector or connector_of(contract)
    prepare_landing({contract.system: _only(contract, name)}, settings.landing)
    with stream_lock(settings.landing, contract.system, name):
        sweep(stream_folder(settings.landing, contract.system, name))
        own = client is None
        client = client or open_client(contract, connector, resolve, keep=settings.accounts)
        try:
            return StreamRun(contract, name, settings, now, full, bound_to(client, contract, name), connector).land()
        finally:
            if own:
                close_client(client)


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
    clients = {contract.system: SharedClient(contract, resolve, settings.accounts) for contract in chosen}

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
        for client in clients.values():
            client.close()


def _outcome(task: Future, system: str, stream: str) -> LoadReport | Failure:
    """A task's report; what disk or ledger refuse, or a fault of our own code, is that stream's failure too.

    A fault is logged by place and never by value.
    """
    error = task.exception()
    if error is None:
        return task.result()
    told = str(error) if isinstance(error, LedgerUnavailable) else refused(error)
    if not told:
        logging.getLogger(__name__).error("%s/%s: %s", system, stream, place_of(error))
        told = f"a fault of our own, {place_of(error)}"
    return Failure(system, stream, type(error).__name__, f"{system}/{stream}: {told}")


def _only(contract: Contract, name: str) -> Contract:
    return contract.model_copy(update={"streams": {name: contract.streams[name]}})
