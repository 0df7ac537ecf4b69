"""Values in one form: what golden says and what Odoo answers, comparable and ready to be sent.

Blank is None for every type but boolean. Nothing here talks to Odoo.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

TEXT = {"char", "text", "html"}
NUMBER = {"float", "monetary"}


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
    return float(value) if kind in NUMBER else value


def sent(value: Any) -> Any:
    """A canonical value as Odoo takes it: blank is False."""
    return False if value is None else value


def same(left: Any, right: Any) -> bool:
    """Whether two canonical values are equal; numbers within what a double can tell of any price or weight."""
    if isinstance(left, float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-9)
    return left == right


def dialled(value: Any) -> Any:
    """A telephone number without what people write between its digits; 00 is the plus of an international one."""
    return re.sub(r"^00", "+", re.sub(r"[\s().\-/]", "", value)) if isinstance(value, str) else value


def rounded(value: Any, places: int) -> float:
    """A number at `places` decimals, halves away from zero as Odoo rounds."""
    return float(Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def converter(field: str, described: Mapping[str, Any], known: Mapping[Any, Any] | None) -> Callable[[Any], Any]:
    """A function from golden's value to the canonical one for a field that Odoo describes so (`fields_get`).

    `known` maps the stable keys of a relation to ids, Pending or Refused. The function raises BadValue.
    """
    kind = described["type"]
    if kind in TEXT:
        return lambda value: _text(field, value)
    if kind == "selection":
        choices = {choice for choice, _ in described["selection"]}
        return lambda value: _choice(field, value, choices)
    if kind == "boolean":
        return lambda value: _exactly(field, value, bool)
    if kind == "integer":
        return lambda value: _exactly(field, value, int)
    if kind in NUMBER:
        places = (described.get("digits") or (0, None))[1]
        return lambda value: _number(field, value, places)
    if kind in ("date", "datetime"):
        return lambda value: _time(field, value, kind)
    if kind == "many2one" and known is not None:
        return lambda value: _relation(field, value, known)
    raise BadValue(f"{field} is a {kind} in Odoo, which Assay does not publish; remove it from odoo.yml")


def _text(field: str, value: Any) -> str | None:
    if not isinstance(value, str):
        raise BadValue(f"{field} is not text but {type(value).__name__}; mend its publish model")
    if "\0" in value:
        raise BadValue(f"{field} holds a NUL byte; mend it at its source")
    return value.strip() or None


def _choice(field: str, value: Any, choices: set[Any]) -> Any:
    if value not in choices:
        raise BadValue(f"{field} {value!r} is not a choice in this Odoo; add it there or mend its publish model")
    return value


def _exactly(field: str, value: Any, wanted: type) -> Any:
    if type(value) is not wanted:
        raise BadValue(f"{field} is not {wanted.__name__} but {type(value).__name__}; mend its publish model")
    return value


def _number(field: str, value: Any, places: int | None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        raise BadValue(f"{field} is not a finite number; mend its publish model")
    return float(value) if places is None else rounded(value, places)


def _time(field: str, value: Any, kind: str) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, date):
        raise BadValue(f"{field} is no {kind}; mend its publish model")
    if kind == "date":
        return moment.strftime("%Y-%m-%d")
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _relation(field: str, value: Any, known: Mapping[Any, Any]) -> int | Pending:
    found = known.get(value)
    if found is None:
        raise BadValue(f"{field} {value!r} is not known to this Odoo; add it there or mend golden")
    if isinstance(found, Refused):
        raise BadValue(f"{field} rests on {value}, {found.why}")
    return found
