"""What can go wrong when talking to Odoo, by what the caller may do next, and how Odoo's own answers map to it.

An HTTP status alone does not tell: Odoo answers 500 to a bad value and to a lost race alike, so the exception's
name decides. Tracebacks (`debug`) never leave this file, nor do personal values that Odoo quotes.
"""

from __future__ import annotations

import re
from typing import Any

PERSONAL = {"res.partner", "res.users", "res.partner.bank"}
_CONTENTION = re.compile(r"(Serialization|Deadlock|LockNotAvailable|LockError|ConcurrencyError)")
# Code that Odoo evaluates for us (server actions) wraps database errors in a ValueError; the message opens with theirs.
_WRAPPED = re.compile(r"(\w+Violation|InvalidTextRepresentation)\(['\"](.*)", re.S)
_KEY_RACE = "ir_model_data_module_name_uniq"
_DENIED = ("AccessError", "AccessDenied", "Unauthorized", "Forbidden", "SessionExpiredException")


class OdooError(Exception):
    """A call that did not succeed. `kind` names Odoo's exception, `status` is the HTTP status where there was one."""

    def __init__(
        self, model: str, method: str, problem: str, remedy: str = "", kind: str = "", status: int | None = None
    ):
        super().__init__(f"odoo {model}.{method}: {problem}" + (f"; {remedy}" if remedy else ""))
        self.model, self.method, self.problem, self.kind, self.status = model, method, problem, kind, status


class OdooUnreachable(OdooError):
    """Nothing was done: Odoo could not be reached, or a read stayed unanswered."""


class OdooAmbiguous(OdooError):
    """A write that was sent and not answered: it may have been committed. Look it up by key, never send it blindly."""


class OdooRetryable(OdooError):
    """Rolled back because of contention or throttling: the same call may be sent again."""


class OdooRejected(OdooError):
    """Rolled back because Odoo refuses the values; sending them again cannot help."""


class OdooDenied(OdooError):
    """The key is not valid, or its user lacks the right."""

    @property
    def by_rights(self) -> bool:
        """Whether Odoo took the key and its user lacks the right."""
        return self.kind.endswith("AccessError")


class OdooMissing(OdooError):
    """A record, model or method that does not exist."""


class OdooNoSuchMethod(OdooMissing):
    """This Odoo does not offer the method; a fallback may."""


def from_answer(model: str, method: str, status: int | None, body: Any) -> OdooError:
    """The error behind a serialised Odoo exception (JSON-2 body or JSON-RPC `error.data`), without its traceback."""
    body = body if isinstance(body, dict) else {}
    kind = str(body.get("name") or "")
    message = str(body.get("message") or f"HTTP {status}")
    if wrapped := _WRAPPED.match(message):
        message = re.split(r"\\n|\n|DETAIL:", wrapped[2])[0]
    problem = redacted(model, message)
    name = kind.rpartition(".")[2]
    if name in ("OperationalError", "InterfaceError", "AdminShutdown") and kind.startswith("psycopg2"):
        found, remedy = OdooAmbiguous, "Odoo lost its database: look it up by key before anything else"
    elif _CONTENTION.search(name) or status in (409, 429) or (method != "create" and _KEY_RACE in message):
        found, remedy = OdooRetryable, "nothing was saved; send it again after a pause"
    elif name == "AccessDenied" and status:
        # What JSON-2 says when looking for the key failed, as while its PostgreSQL restarts; a bad key is Unauthorized.
        found, remedy = OdooUnreachable, "nothing was done; check that Odoo's database runs, then Odoo's log"
        problem = f"Odoo could not check the key ({problem})"
    elif name in _DENIED or status in (401, 403):
        found, remedy = OdooDenied, "check the API key and the rights of its user"
    elif name == "MissingError":
        found, remedy = OdooMissing, "it was deleted in Odoo, or never existed"
    elif status == 404 or name in ("NotFound", "AttributeError") or re.match(r"Object \S+ doesn't exist", problem):
        found, remedy = OdooNoSuchMethod, "this Odoo lacks the model or method; check its version and modules"
    else:
        found, remedy = OdooRejected, ""
    return found(model, method, problem, remedy, kind, status)


def redacted(model: str, message: str) -> str:
    """Odoo's message on one line; values that it quotes from records of people are masked."""
    line = re.sub(r" LINE \d+: .*", "", " ".join(message.split()))[:400]
    line = re.sub(r"[^\s\"'<>(]+@[^\s\"'<>)]+", "<e-mail>", line)
    if model in PERSONAL:
        line = re.sub(r"=\([^()]*\)", "=(…)", line)
        if not re.match(r"Invalid field|The method|Private methods", line):
            # Names of tables and constraints carry underscores and may stay.
            line = re.sub(r"\"(?![a-z]+(_[a-z]+)+\")[^\"]+\"|“[^”]+”|(?<=[\s:(])'[^']+'", "'…'", line)
        line = re.sub(r"(?<![\w(])\+?\d[\d /().-]{5,}\d", "…", line)
    return line
