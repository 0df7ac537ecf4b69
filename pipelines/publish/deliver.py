"""Deliver a batch whatever Odoo says: one bad record never blocks the others, and nothing is sent twice blindly.

Rejected or contended: split until the culprit stands alone. Unanswered: look up by key what was carried out, then
send the rest in halves; every write is keyed, so that a late commit of the first call does no harm.
"""

from __future__ import annotations

from pipelines.publish.receipts import Outcome
from pipelines.publish.store import Line
from pipelines.publish.write import Writer, look_up, write
from sources.odoo.client import call
from sources.odoo.errors import (
    OdooAmbiguous,
    OdooDenied,
    OdooError,
    OdooMissing,
    OdooNoSuchMethod,
    OdooRejected,
    OdooRetryable,
)

# From a batch of 500 it takes nine halvings to come to a single record.
PATIENCE = 12


def deliver(writer: Writer, lines: list[Line]) -> list[Outcome]:
    """An outcome for every line.

    Raises OdooUnreachable, OdooDenied where not one record but the key or the model is closed to us, and OdooAmbiguous
    if Odoo stays silent.
    """
    try:
        outcomes = write(writer, lines)
        writer.silence = 0
        return outcomes
    except OdooNoSuchMethod:
        raise
    except OdooRetryable as error:
        return _split(writer, lines, "busy", error)
    except (OdooRejected, OdooMissing) as error:
        return _split(writer, lines, "rejected", error)
    except OdooDenied as error:
        if not error.by_rights or not _may_write(writer):
            raise
        return _split(writer, lines, "rejected", error)
    except OdooAmbiguous:
        writer.silence += 1
        if writer.silence > PATIENCE:
            raise
        writer.client.pause(1.0)
        writer.size = max(1, writer.size // 2)
        outcomes, rest = look_up(writer, lines)
        return outcomes + _halves(writer, rest)


def _may_write(writer: Writer) -> bool:
    """Whether the model is open to us, so that a denial was about single records."""
    asked = (call(writer.client, writer.model, "has_access", [], operation=verb) for verb in ("write", "create"))
    return all(asked)


def _split(writer: Writer, lines: list[Line], state: str, error: OdooError) -> list[Outcome]:
    writer.silence = 0
    # A creation is also refused because an earlier, unanswered call of ours has made the record meanwhile.
    outcomes, rest = look_up(writer, lines) if lines[0].action == "create" else ([], lines)
    if len(rest) == 1 and len(lines) == 1:
        return [Outcome(rest[0], state, rest[0].odoo_id, detail={"problem": error.problem})]
    return outcomes + _halves(writer, rest)


def _halves(writer: Writer, lines: list[Line]) -> list[Outcome]:
    half = max(1, len(lines) // 2)
    return [outcome for some in (lines[:half], lines[half:]) if some for outcome in deliver(writer, some)]
