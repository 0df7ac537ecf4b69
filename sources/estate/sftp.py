"""An SFTP server of the simulated retailer: one folder, one user, its own host key, in a thread of this process."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh


class _Door(asyncssh.SSHServer):
    """Lets one user in, by password."""

    def __init__(self, user: str, password: str) -> None:
        self.wanted = (user, password)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == self.wanted


@dataclass
class Sftp:
    """Serves `folder` to `user`; `port` and `host_key` are known once it has started."""

    folder: Path
    user: str
    password: str
    port: int = 0
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))

    @property
    def host_key(self) -> str:
        """The public key, as one line."""
        return self.key.export_public_key().decode().strip()

    def start(self) -> None:
        """Answer from now on; returns when it does."""
        self._loop, ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(30):
            raise RuntimeError("the SFTP server did not come up within 30 s")

    def stop(self) -> None:
        """Close the port and every connection; returns when they are closed."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _serve(self, ready: threading.Event) -> None:
        self._loop.run_until_complete(self._until_ended(ready))
        self._loop.close()

    async def _until_ended(self, ready: threading.Event) -> None:
        self._ended, open_connections = asyncio.Event(), set()

        def door() -> _Door:
            door = _Door(self.user, self.password)
            door.connection_made = open_connections.add
            return door

        listener = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=door,
            server_host_keys=[self.key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(self.folder)),
            reuse_address=True,
            config=None,
        )
        self.port = listener.get_port()
        ready.set()
        await self._ended.wait()
        listener.close()
        for connection in open_connections:
            connection.close()
        await asyncio.gather(*(connection.wait_closed() for connection in open_connections), return_exceptions=True)
        await listener.wait_closed()
