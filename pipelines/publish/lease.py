"""One publisher per Odoo database: a lease in the ledger, taken over at once from a process that died."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from pipelines.ledger import leases
from pipelines.publish.refusal import PublishRefused

# Longer than any batch takes. By the real clock: the pinned one stands still.
LEASE_S = 900.0
# Leases that this process is done with, but could not give back because the ledger was away.
_LEFT: set[str] = set()


@dataclass(frozen=True)
class Lease:
    name: str
    holder: str

    def renew(self, connection: sa.Connection) -> None:
        """Hold on for another LEASE_S, in the caller's transaction. Raises PublishRefused if another took over."""
        mine = leases.update().where(leases.c.name == self.name, leases.c.holder == self.holder)
        if not connection.execute(mine.values(until=time.time() + LEASE_S)).rowcount:
            raise PublishRefused("another process has taken over this publish", "let it end; nothing is lost")


@contextmanager
def leased(engine: sa.Engine, target: str) -> Iterator[Lease]:
    """Hold the lease on publishing to `target`. Raises PublishRefused while a living process holds it."""
    lease = Lease(f"publish to {target}", f"{_process(os.getpid())}:{secrets.token_hex(4)}")
    try:
        with engine.begin() as connection:
            _take(connection, lease)
    except sa.exc.IntegrityError as error:
        # Two that found nobody there at the same moment: on PostgreSQL only the key tells them apart.
        raise PublishRefused("another apply or undo has begun this moment", "let it end, then run again") from error
    try:
        yield lease
    finally:
        _LEFT.add(lease.holder)
        with engine.begin() as connection:
            mine = (leases.c.name == lease.name) & (leases.c.holder == lease.holder)
            connection.execute(leases.delete().where(mine))
        _LEFT.discard(lease.holder)


def _take(connection: sa.Connection, lease: Lease) -> None:
    # The write comes first, so that two takers are put in order by the database.
    connection.execute(leases.delete().where(leases.c.name == lease.name, leases.c.until < time.time()))
    holder = connection.execute(sa.select(leases.c.holder).where(leases.c.name == lease.name)).scalar()
    if holder and _lives(holder):
        raise PublishRefused(f"another apply or undo is under way ({holder})", "let it end, then run again")
    # Only the dead one's: on PostgreSQL another may have come in since the look.
    connection.execute(leases.delete().where(leases.c.name == lease.name, leases.c.holder == holder))
    row = {"name": lease.name, "holder": lease.holder, "until": time.time() + LEASE_S}
    connection.execute(leases.insert().values(**row))


def _lives(holder: str) -> bool:
    """Whether the holder may still be at work; only the processes of this machine can be told dead."""
    if holder in _LEFT:
        return False
    process = holder.rpartition(":")[0]
    machine, pid, _ = process.rsplit(":", 2)
    if machine != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process == _process(int(pid))


def _process(pid: int) -> str:
    """machine:pid:start; the start, where the system tells it, tells a reused pid from the first."""
    try:
        start = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        start = ""
    return f"{socket.gethostname()}:{pid}:{start}"
