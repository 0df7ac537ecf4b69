"""Who speaks to a system: its connector's own functions, or the kernel's for its kind, and clients of its accounts."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines.resources import MissingReference
from sources import files, http, rest, sql
from sources.contract import Contract
from sources.errors import BadCredentials

Resolve = Callable[[str], str]
KERNELS = {"sql": sql, "files": files}


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


def bound_to(client: Any, contract: Contract, name: str) -> Any:
    """The account's client as one stream uses it."""
    exact = contract.streams[name].money == "float"
    return client.on(name, exact) if hasattr(client, "on") else client


class SharedClient:
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
