"""Deliver a batch whatever Odoo says: one bad record never blocks the others, and nothing is sent twice blindly.

Rejected or contended: split until the culprit stands alone. Unanswered: look up by key what was carried out, then
send the rest in halves; every write is keyed, so that a late commit of the first call does no harm.
"""

from __future__ import annotations

from pipelines.publish.receipts import Outcome
from pipelines.publish.store import Line
from pipelines.publish.write import Writer, look_up, write
from sources.odoo.errors import OdooAmbiguous, OdooError, OdooMissing, OdooNoSuchMethod, OdooRejected, OdooRetryable

PATIENCE = 3


def deliver(writer: Writer, lines: list[Line], patience: int = PATIENCE) -> list[Outcome]:
    """An outcome for every line. Raises OdooUnreachable, OdooDenied, and OdooAmbiguous if Odoo stays silent."""
    try:
        return write(writer, lines)
    except OdooNoSuchMethod:
        raise
    except OdooRetryable as error:
        return _split(writer, lines, patience, "busy", error)
    except (OdooRejected, OdooMissing) as error:
        return _split(writer, lines, patience, "rejected", error)
    except OdooAmbiguous:
        if patience == 0:
            raise
        writer.client.pause(1.0)
        writer.size = max(1, writer.size // 2)
        outcomes, rest = look_up(writer, lines)
        half = max(1, len(rest) // 2)
        for some in (rest[:half], rest[half:]):
            outcomes += deliver(writer, some, patience - 1) if some else []
        return outcomes


def _split(writer: Writer, lines: list[Line], patience: int, state: str, error: OdooError) -> list[Outcome]:
    # A creation is also refused because an earlier, unanswered call of ours has made the record meanwhile.
    outcomes, rest = look_up(writer, lines) if lines[0].action == "create" else ([], lines)
    if len(rest) == 1 and len(lines) == 1:
        return [Outcome(rest[0], state, rest[0].odoo_id, detail={"problem": error.problem})]
    half = max(1, len(rest) // 2)
    for some in (rest[:half], rest[half:]):
        outcomes += deliver(writer, some, patience) if some else []
    return outcomes
