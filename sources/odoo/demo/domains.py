"""Odoo's search domains as SQL over the demo's tables. Takes fields from models.py; executes nothing."""

from __future__ import annotations

import json
from typing import Any

from sources.odoo.demo.answers import OdooFault, bad_value
from sources.odoo.demo.models import Field, Model

TEXT = {"char", "text", "html", "selection"}
COMPARE = {"=", "!=", "<", "<=", ">", ">="}
LIKE = {"like", "ilike", "=like", "=ilike", "not like", "not ilike"}


def where(models: dict[str, Model], model: Model, domain: Any, active_test: bool = True) -> tuple[str, list[Any]]:
    """(condition on `t`, parameters). Archived records are left out unless told or asked for."""
    if not isinstance(domain, list | tuple):
        raise OdooFault("builtins.TypeError", f"Domain() invalid argument type for domain: {domain!r}", 500)
    terms = [term if isinstance(term, str) else list(term) for term in domain]
    if active_test and "active" in model.fields and not any(term[0] == "active" for term in terms if term[:1]):
        terms.append(["active", "=", True])
    conditions: list[str] = []
    values: list[Any] = []
    while terms:
        condition, found = _next(models, model, terms)
        conditions.append(condition)
        values += found
    return " and ".join(conditions) or "1", values


def _next(models: dict[str, Model], model: Model, terms: list) -> tuple[str, list[Any]]:
    if not terms:
        raise bad_value("Domain() malformed: an operator lacks an operand")
    term = terms.pop(0)
    if term == "!":
        condition, values = _next(models, model, terms)
        return f"not coalesce({condition}, 0)", values
    if term in ("&", "|"):
        left, first = _next(models, model, terms)
        right, second = _next(models, model, terms)
        return f"({left} {'and' if term == '&' else 'or'} {right})", first + second
    if not isinstance(term, list) or len(term) != 3:
        raise bad_value(f"Domain() invalid item in domain: {term!r}")
    return _leaf(models, model, *term)


def _leaf(models: dict[str, Model], model: Model, path: Any, operator: str, value: Any) -> tuple[str, list[Any]]:
    if path in (0, 1) and operator == "=":
        return str(int(path == value)), []
    name, _, rest = str(path).partition(".")
    field = model.fields.get(name)
    if field is None:
        raise bad_value(f"Invalid field {model.name}.{name} in condition ({name!r}, {operator!r}, {value!r})")
    if rest:
        target = models[field.relation]
        inner, values = _leaf(models, target, rest, operator, value)
        return _linked(models, model, field, f"select t.id from {target.table} t where {inner}"), values
    if field.type in ("one2many", "many2many"):
        return _collection(models, model, field, operator, value)
    return _scalar(models, field, operator, value)


def _scalar(models: dict[str, Model], field: Field, operator: str, value: Any) -> tuple[str, list[Any]]:
    empty = f"({field.sql} is null or {field.sql} = '')" if field.type in TEXT else f"{field.sql} is null"
    if field.type in ("boolean", "integer", "float"):
        empty = f"coalesce({field.sql}, 0) = 0"
    if operator in ("in", "not in"):
        listed = list(value) if isinstance(value, list | tuple) else [value]
        condition = f"{field.sql} in (select value from json_each(?))"
        if any(item in (False, None, "") and item != 0 or item is False for item in listed):
            condition = f"({condition} or {empty})"
        wanted = json.dumps([_plain(field, item) for item in listed if item not in (None, "")])
        return (f"not coalesce({condition}, 0)" if operator == "not in" else condition), [wanted]
    if operator in LIKE:
        return _like(models, field, operator, value)
    if operator not in COMPARE:
        raise bad_value(f"Invalid operator in condition ({field.name!r}, {operator!r}, {value!r})")
    if field.type == "many2one" and isinstance(value, str):
        return _like(models, field, "=ilike" if operator == "=" else "not ilike", value)
    if operator in ("=", "!=") and (value is None or value is False or value == ""):
        return (empty if operator == "=" else f"not ({empty})"), []
    if operator == "!=":
        return f"({field.sql} is null or {field.sql} <> ?)", [_plain(field, value)]
    return f"{field.sql} {operator} ?", [_plain(field, value)]


def _like(models: dict[str, Model], field: Field, operator: str, value: Any) -> tuple[str, list[Any]]:
    word = operator.removeprefix("not ")
    pattern = str(value) if word[0] == "=" else f"%{value}%"
    test = f"odoo_like({{}}, ?, {int('ilike' in word)})"
    if field.type == "many2one":
        target = models[field.relation]
        condition = f"{field.sql} in (select t.id from {target.table} t where {test.format(target.display)})"
    else:
        condition = test.format(field.sql)
    return (f"not coalesce({condition}, 0)" if operator.startswith("not ") else condition), [pattern]


def _collection(
    models: dict[str, Model], model: Model, field: Field, operator: str, value: Any
) -> tuple[str, list[Any]]:
    target = models[field.relation]
    if value in (False, None, []) and operator in ("=", "!="):
        condition = _linked(models, model, field, f"select t.id from {target.table} t")
        return (f"not {condition}" if operator == "=" else condition), []
    listed = value if isinstance(value, list | tuple) else [value]
    condition = _linked(models, model, field, "select value from json_each(?)")
    return (f"not {condition}" if operator in ("!=", "not in") else condition), [json.dumps(list(listed))]


def _linked(models: dict[str, Model], model: Model, field: Field, ids: str) -> str:
    """Condition that `field` leads to one of the records that the query `ids` gives."""
    if field.type == "many2one":
        return f"{field.sql} in ({ids})"
    if field.type == "one2many":
        table = models[field.relation].table
        return f"exists (select 1 from {table} many where many.{field.inverse} = t.id and many.id in ({ids}))"
    return f"exists (select 1 from json_each({field.sql}) many where many.value in ({ids}))"


def _plain(field: Field, value: Any) -> Any:
    if field.type in ("datetime", "date") and isinstance(value, str):
        return value.replace("T", " ")[:19]
    return int(value) if isinstance(value, bool) else value


def order_by(model: Model, order: str | None) -> str:
    """The order clause on `t`; ties fall to `id`."""
    parts = []
    for part in (order or model.order).split(","):
        name, _, direction = part.strip().partition(" ")
        if name not in model.fields:
            raise bad_value(f"Invalid field {name!r} on model {model.name!r}")
        parts.append(f"{model.fields[name].sql} {'desc' if direction.strip().lower() == 'desc' else 'asc'}")
    return ", ".join([*parts, "t.id"])
