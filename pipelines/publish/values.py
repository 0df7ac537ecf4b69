"""Values in one form: what golden says and what Odoo answers, comparable and ready to be sent.

Blank is None for every type but boolean. Nothing here talks to Odoo.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

TEXT = {"char", "text", "html"}
NUMBER = {"float", "monetary"}
# PostgreSQL's integer, in which Odoo keeps whole numbers.
WHOLE = range(-(2**31), 2**31)
# Of a field of one line; PostgreSQL refuses to index more than 2704 bytes that it cannot compress.
LONGEST = 2000
_MARKUP = re.compile(r"<[a-zA-Z/!]")
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")
_SCRIPT = re.compile(r"\s*(javascript|vbscript|data):", re.I)


class BadValue(ValueError):
    """Odoo would refuse or bend this value; the message gives reason and remedy, never a personal value."""


@dataclass(frozen=True)
class Pending:
    """A relation to a record that the same plan creates."""

    golden_id: str


@dataclass(frozen=True)
class Refused:
    """A relation to a record that is not, and will not be, in Odoo."""

    why: str


def seen(kind: str, value: Any) -> Any:
    """Odoo's answer in canonical form: blank text and False are None, relations are ids."""
    if kind == "boolean":
        return bool(value)
    if value is None or value is False or value == "":
        return None
    if kind == "many2one" and isinstance(value, list):
        return value[0]
    if kind == "many2many":
        return sorted(value) or None
    return float(value) if kind in NUMBER else value


def sent(value: Any) -> Any:
    """A canonical value as Odoo takes it: blank is False."""
    return False if value is None else value


def holds(answer: Any, value: Any) -> bool:
    """Whether Odoo's answer is the canonical `value`, whose own type says what blank looks like."""
    kind = "boolean" if isinstance(value, bool) else "many2many" if isinstance(answer, list) else ""
    return same(seen(kind, answer), value)


def same(left: Any, right: Any) -> bool:
    """Whether two canonical values are equal; numbers within what a double can tell of any price or weight."""
    if isinstance(left, float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-9)
    return left == right


def dialled(value: Any) -> Any:
    """A telephone number without what people write between its digits; 00 is the plus of an international one."""
    return re.sub(r"^00", "+", re.sub(r"[\s().\-/]", "", value)) if isinstance(value, str) else value


def addressed(field: str, value: Any) -> Any:
    """A web address as Odoo keeps it: one without a scheme gets http. Raises BadValue for what a click would run."""
    if value is not None and _SCRIPT.match(value):
        raise BadValue(f"{field} is a script and no web address; mend it at its source")
    return value if value is None or re.match(r"[a-z][a-z0-9+.-]*:", value, re.I) else f"http://{value}"


def at_least(field: str, least: float, value: Any) -> Any:
    """The number, or BadValue where it is below what the policy allows."""
    if value < least:
        raise BadValue(f"{field} {value:g} is below {least:g}, which odoo.yml allows; mend it at its source")
    return value


def rounded(value: Any, places: int) -> float:
    """A number at `places` decimals, halves away from zero as Odoo rounds."""
    return float(Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def converter(field: str, described: Mapping[str, Any], known: Mapping[Any, Any] | None) -> Callable[[Any], Any]:
    """A function from golden's value to the canonical one for a field that Odoo describes so (`fields_get`).

    `known` maps the stable keys of a relation to ids, Pending or Refused. The function raises BadValue.
    """
    kind = described["type"]
    if kind == "html":
        return lambda value: _html(_text(field, value, None))
    if kind in TEXT:
        size = described.get("size") or None
        return lambda value: _text(field, value, size, LONGEST if kind == "char" else None)
    if kind == "selection":
        choices = {choice for choice, _ in described["selection"]}
        return lambda value: _choice(field, value, choices)
    if kind == "boolean":
        return lambda value: _exactly(field, value, bool)
    if kind == "integer":
        return lambda value: _whole(field, value)
    if kind in NUMBER:
        places = (described.get("digits") or (0, None))[1]
        return lambda value: _number(field, value, places)
    if kind in ("date", "datetime"):
        return lambda value: _time(field, value, kind)
    if kind == "many2one" and known is not None:
        return lambda value: _relation(field, value, known)
    if kind == "many2many" and known is not None:
        return lambda value: _relations(field, value, known)
    raise BadValue(f"{field} is a {kind} in Odoo, which Assay does not publish; remove it from odoo.yml")


def _text(field: str, value: Any, size: int | None, longest: int | None = None) -> str | None:
    if not isinstance(value, str):
        raise BadValue(f"{field} is not text but {type(value).__name__}; mend its publish model")
    if "\0" in value:
        raise BadValue(f"{field} holds a NUL byte; mend it at its source")
    if _CONTROL.search(value):
        raise BadValue(
            f"{field} holds a control character, which no XML that Odoo sends may hold; mend it at its source"
        )
    text = value.strip()
    if size and len(text) > size:
        raise BadValue(f"{field} has {len(text)} characters, of which Odoo would keep {size}; shorten it at its source")
    if longest and len(text.encode()) > longest:
        raise BadValue(
            f"{field} is longer than {longest} bytes, too long for PostgreSQL's index; shorten it at its source"
        )
    return text or None


def _html(text: str | None) -> str | None:
    """Plain text as the paragraph that Odoo would make of it; text with markup is left to Odoo's rehearsal."""
    if text is None or _MARKUP.search(text):
        return text
    return f"<p>{html.escape(text, quote=False)}</p>"


def _choice(field: str, value: Any, choices: set[Any]) -> Any:
    if value not in choices:
        raise BadValue(f"{field} {value!r} is not a choice in this Odoo; add it there or mend its publish model")
    return value


def _exactly(field: str, value: Any, wanted: type) -> Any:
    if type(value) is not wanted:
        raise BadValue(f"{field} is not {wanted.__name__} but {type(value).__name__}; mend its publish model")
    return value


def _whole(field: str, value: Any) -> int:
    if _exactly(field, value, int) not in WHOLE:
        raise BadValue(f"{field} is larger than a whole number of Odoo can be; mend it at its source")
    return value


def _number(field: str, value: Any, places: int | None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        raise BadValue(f"{field} is not a finite number; mend its publish model")
    if places is None:
        return float(value)
    kept = rounded(value, places)
    if value and not kept:
        raise BadValue(f"{field} {value} would be 0 at the {places} decimals that Odoo keeps; raise Odoo's precision")
    return kept


def _time(field: str, value: Any, kind: str) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, date):
        raise BadValue(f"{field} is no {kind}; mend its publish model")
    if moment.year < 1000:
        raise BadValue(f"{field} is before the year 1000, of which Odoo makes another; leave it blank for always")
    if kind == "date":
        return date(moment.year, moment.month, moment.day).isoformat()
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except OverflowError:
        raise BadValue(f"{field} is beyond the year 9999 in UTC; leave it blank for always") from None
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def _relation(field: str, value: Any, known: Mapping[Any, Any]) -> int | Pending:
    found = known.get(value)
    if found is None:
        raise BadValue(f"{field} {value!r} is not known to this Odoo; add it there or mend golden")
    if isinstance(found, Refused):
        raise BadValue(f"{field} rests on {value}, {found.why}")
    return found


def _relations(field: str, value: Any, known: Mapping[Any, Any]) -> list[int]:
    if not isinstance(value, list | tuple):
        raise BadValue(f"{field} is not a list of keys but {type(value).__name__}; mend its publish model")
    found = [_relation(field, key, known) for key in value]
    if any(isinstance(one, Pending) for one in found):
        raise BadValue(f"{field} names a record that this plan creates; publish that object first")
    return sorted(set(found)) or None
