"""An SFTP server as a store of files: list and fetch over one connection to a host whose key is known beforehand.

Asyncio stays inside; a stream's thread waits for its turn.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import asyncssh
from asyncssh.constants import FILEXFER_TYPE_DIRECTORY, FILEXFER_TYPE_REGULAR

from sources.errors import BadCredentials, ExtractError, Unreachable
from sources.stores import PATIENCE_S, Entry, Problem

_SLOW = 1_000_000  # bytes a second below which a transfer is given up, beside the patience


class Sftp:
    """A folder on an SFTP server whose host key is known; one connection, opened when first needed.

    secrets: `user`, `password` or `private_key` (PEM), and `host_key`, the server's public key as one line.
    """

    def __init__(self, host: str, port: int, root: str, secrets: Mapping[str, str], problem: Problem) -> None:
        self.host, self.port, self.root, self.problem = host, port, root, problem
        self._secrets, self._lock = secrets, threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Any = None
        self._connection: Any = None

    def listed(self) -> list[Entry]:
        """Every file below the root."""
        return self._run(self._list, PATIENCE_S)

    def fetch(self, entry: Entry, target: Path) -> None:
        """Copy a file to a local path."""
        self._run(lambda: self._client.get(f"{self.root}/{entry.path}", target), PATIENCE_S + entry.size / _SLOW)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            if self._loop is None:
                return
            if self._connection is not None:
                self._connection.close()
                with suppress(asyncssh.Error, OSError, TimeoutError):
                    self._loop.run_until_complete(asyncio.wait_for(self._connection.wait_closed(), 5))
            self._loop.close()
            self._loop = self._client = self._connection = None

    def _run(self, work: Callable[[], Any], seconds: float) -> Any:
        async def connected() -> Any:
            if self._client is None:
                await self._connect()
            return await work()

        with self._lock:
            self._loop = self._loop or asyncio.new_event_loop()
            try:
                return self._loop.run_until_complete(asyncio.wait_for(connected(), seconds))
            except (OSError, asyncssh.Error) as error:
                if not isinstance(error, asyncssh.SFTPError):
                    self._client = None
                raise self._told(error) from None

    async def _connect(self) -> None:
        key = self._secrets.get("private_key")
        self._connection = await asyncssh.connect(
            self.host,
            self.port,
            username=self._secrets.get("user"),
            password=self._secrets.get("password"),
            client_keys=[asyncssh.import_private_key(key)] if key else None,
            known_hosts=([asyncssh.import_public_key(self._secrets["host_key"])], [], []),
            config=None,
            agent_path=None,
            connect_timeout=10,
        )
        self._client = await self._connection.start_sftp_client()

    async def _list(self) -> list[Entry]:
        found, waiting = [], [PurePosixPath()]
        while waiting:
            folder = waiting.pop()
            for one in await self._client.readdir(f"{self.root}/{folder}"):
                if one.filename in (".", ".."):
                    continue
                path = folder / str(one.filename)
                if one.attrs.type == FILEXFER_TYPE_DIRECTORY:
                    waiting.append(path)
                elif one.attrs.type == FILEXFER_TYPE_REGULAR:
                    at = datetime.fromtimestamp(one.attrs.mtime or 0, UTC).replace(tzinfo=None)
                    found.append(Entry(str(path), one.attrs.size or 0, at))
        return found

    def _told(self, error: Exception) -> ExtractError:
        if isinstance(error, asyncssh.PermissionDenied | asyncssh.SFTPPermissionDenied):
            return self.problem(BadCredentials, "the server refuses the login or the folder")
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return self.problem(BadCredentials, "the server is not the one whose host key the contract refers to")
        if isinstance(error, asyncssh.SFTPNoSuchFile | asyncssh.SFTPNoSuchPath):
            return self.problem(Unreachable, "the folder or file is not there")
        return self.problem(Unreachable, f"no connection to the file server ({type(error).__name__})")
