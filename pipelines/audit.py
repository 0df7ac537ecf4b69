"""The audit chain: who planned, approved, applied, undid and decided what, each entry sealed by the one before.

Entries hold ids and counts, never values of records. Nothing here reads or changes what the entries are about.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from pipelines.ledger import audit, audit_head

ORIGIN = "0" * 64


class BrokenChain(Exception):
    """The audit trail is not what was written; the message names the first entry that does not fit."""


def append(ledger: sa.Engine | sa.Connection, actor: str, action: str, detail: dict[str, Any], at: datetime) -> str:
    """Add one entry and return its hash. Given a connection, the entry stands or falls with its transaction."""
    with _transaction(ledger) as connection:
        seq, previous = _next(connection)
        text = orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode()
        entry = {"seq": seq, "at": naive(at), "actor": actor, "action": action, "detail": text}
        sealed = _seal(previous, entry)
        connection.execute(audit.insert().values(**entry, previous_hash=previous, hash=sealed))
        connection.execute(audit_head.update().values(hash=sealed))
    return sealed


def head(ledger: sa.Engine | sa.Connection) -> str:
    """The newest entry as `number:hash`, to be kept where the ledger's administrators cannot write: an anchor."""
    with _transaction(ledger) as connection:
        seq, sealed = connection.execute(sa.select(audit_head.c.seq, audit_head.c.hash)).first() or (0, ORIGIN)
    return f"{seq}:{sealed}"


def verify_chain(ledger: sa.Engine | sa.Connection, anchor: str | None = None) -> int:
    """The number of entries, all of them as written. Raises BrokenChain on a change, a gap, a swap or a cut tail.

    anchor: what `head` said earlier; a chain that was made anew since, or cut and closed again, does not hold it.
    """
    known_seq, _, known = (anchor or f"0:{ORIGIN}").partition(":")
    if not known_seq.isdigit() or len(known) != len(ORIGIN):
        raise BrokenChain(f"{anchor!r} is no anchor; give what `assay audit head` printed")
    with _transaction(ledger) as connection:
        found, count, previous = head(connection), 0, ORIGIN
        for row in connection.execution_options(yield_per=1000).execute(sa.select(audit).order_by(audit.c.seq)):
            count += 1
            if row.seq != count:
                raise BrokenChain(f"audit entry {count} is missing; restore the ledger from its backup")
            entry = {"seq": row.seq, "at": row.at, "actor": row.actor, "action": row.action, "detail": row.detail}
            if row.previous_hash != previous or row.hash != _seal(previous, entry):
                raise BrokenChain(f"audit entry {count} was changed or moved; restore the ledger from its backup")
            previous = row.hash
            if count == int(known_seq) and previous != known:
                raise BrokenChain(
                    f"audit entry {count} is not the one of the anchor; restore the ledger from its backup"
                )
        if count < int(known_seq):
            raise BrokenChain(f"audit ends at entry {count}, the anchor knows entry {known_seq}: the tail was cut")
        now = head(connection)
    if now != found:
        # Somebody wrote while it was read: neither head need be the one that stood beside the last entry read.
        return verify_chain(ledger, anchor)
    if now != f"{count}:{previous}":
        said = now.partition(":")[0]
        raise BrokenChain(f"audit ends at entry {count}, its head says {said}: the tail was cut or added to")
    return count


def naive(at: datetime) -> datetime:
    """`at` as the ledger keeps time: UTC without a zone."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _next(connection: sa.Connection) -> tuple[int, str]:
    """Number of the new entry and the hash before it. The update comes first: it takes the lock that orders writers."""
    if not connection.execute(audit_head.update().values(seq=audit_head.c.seq + 1)).rowcount:
        connection.execute(audit_head.insert().values(only=1, seq=1, hash=ORIGIN))
    seq, previous = connection.execute(sa.select(audit_head.c.seq, audit_head.c.hash)).one()
    return seq, previous


def _seal(previous: str, entry: dict[str, Any]) -> str:
    content = [previous, entry["seq"], entry["at"].isoformat(), entry["actor"], entry["action"], entry["detail"]]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


@contextlib.contextmanager
def _transaction(ledger: sa.Engine | sa.Connection) -> Iterator[sa.Connection]:
    if isinstance(ledger, sa.Connection):
        yield ledger
    else:
        with ledger.begin() as connection:
            yield connection
