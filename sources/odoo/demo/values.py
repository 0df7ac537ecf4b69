"""How the demo Odoo takes a value in and gives it back: conversions, roundings and refusals as Odoo 19 has them."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sources.odoo.demo.answers import OdooFault, bad_value
from sources.odoo.demo.models import Field

_BLOCK = re.compile(r"\s*<(p|div|ul|ol|h[1-6]|table|blockquote|pre|span|section)\b")


def taken(model: str, field: Field, value: Any) -> Any:
    """The column value for what a client sent; relations are the caller's business. Raises OdooFault as Odoo would."""
    return _TAKE[field.type](model, field, value)


def given(field: Field) -> Callable[[Any], Any]:
    """The function that turns a column value into what a client receives."""
    return _GIVE.get(field.type, _or_false)


def default(field: Field) -> Any:
    """The column value of a field that a new record says nothing about."""
    if field.default is None:
        return {"boolean": 0, "integer": 0, "float": 0.0, "many2many": "[]"}.get(field.type)
    if field.type == "float":
        return float(field.default)
    return int(field.default) if field.type in ("boolean", "integer", "many2one") else field.default


def rounded(value: float, digits: int) -> float:
    """Half away from zero, as Odoo rounds, forgiving the last bit: 1.005 becomes 1.01."""
    scaled = abs(value) * 10**digits
    whole = math.floor(scaled * (1 + 2**-50) + 0.5)
    return round(math.copysign(whole / 10**digits, value), digits)


def sanitized(text: str) -> str:
    """HTML as Odoo keeps it: no scripts, no event handlers, an unfinished tag cut, bare text inside a span."""
    text = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", "", text)
    text = re.sub(r"<[a-zA-Z/][^<>]*(?=<|$)", "", text)
    text = re.sub(r"""(?i)\son\w+\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", "", text)
    text = re.sub(r"&(?!\w+;|#\d+;)", "&amp;", text)
    return text if not text or _BLOCK.match(text) else f"<span>{text}</span>"


def _text(model: str, field: Field, value: Any) -> str | None:
    if value is None or value is False:
        return None
    text = str(value)
    if "\0" in text:
        raise bad_value("A string literal cannot contain NUL (0x00) characters.")
    return text


def _html(model: str, field: Field, value: Any) -> str | None:
    text = _text(model, field, value)
    return text and sanitized(html.unescape(text) if "&lt;" in text else text)


def _integer(model: str, field: Field, value: Any) -> int:
    try:
        return int(value or 0)
    except ValueError as error:
        raise bad_value(str(error)) from error


def _float(model: str, field: Field, value: Any) -> float:
    try:
        number = float(value or 0)
    except ValueError as error:
        raise bad_value(str(error)) from error
    return number if field.digits is None else rounded(number, field.digits)


def _selection(model: str, field: Field, value: Any) -> str | None:
    if value is None or value is False or value == "":
        return None
    if field.selection and value not in field.selection:
        raise bad_value(f"Wrong value for {model}.{field.name}: {value!r}")
    return str(value)


def _datetime(model: str, field: Field, value: Any) -> str | None:
    if value is None or value is False or value == "":
        return None
    if not isinstance(value, str):
        raise OdooFault("builtins.TypeError", f"object of type {type(value).__name__!r} has no len()", 500)
    form = "%Y-%m-%d" if len(value) <= 10 else "%Y-%m-%d %H:%M:%S"[: max(len(value) - 2, 14)]
    try:
        moment = datetime.strptime(value, form)
    except ValueError as error:
        raise bad_value(str(error)) from error
    return moment.strftime("%Y-%m-%d %H:%M:%S" if field.type == "datetime" else "%Y-%m-%d")


def _ids(model: str, field: Field, value: Any) -> str:
    """The list that x2many commands leave of an empty one."""
    return json.dumps(commanded([], value))


def commanded(ids: list[int], commands: Any) -> list[int]:
    """`ids` after link, unlink, clear and set commands, or a plain list of ids."""
    for command in commands or []:
        if isinstance(command, int):
            command = [4, command]
        match command[0]:
            case 4:
                ids = [*ids, command[1]] if command[1] not in ids else ids
            case 2 | 3:
                ids = [one for one in ids if one != command[1]]
            case 5:
                ids = []
            case 6:
                ids = list(command[2])
            case _:
                raise bad_value(f"The demo Odoo does not know command {command[0]} here")
    return ids


def _or_false(value: Any) -> Any:
    return False if value is None else value


_TAKE = {
    "char": _text,
    "text": _text,
    "html": _html,
    "boolean": lambda model, field, value: int(bool(value)),
    "integer": _integer,
    "many2one_reference": _integer,
    "float": _float,
    "selection": _selection,
    "datetime": _datetime,
    "date": _datetime,
    "many2many": _ids,
}
_GIVE = {
    "boolean": bool,
    "integer": lambda value: value or 0,
    "many2one_reference": lambda value: value or 0,
    "float": lambda value: value or 0.0,
    "many2many": lambda value: json.loads(value) if value else [],
}
