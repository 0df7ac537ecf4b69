"""Recordsets of the demo Odoo: search, read, create, write and unlink over SQLite, as Odoo's own code may use them.

What single models do beyond that (constraints, variants, families of contacts) is in rules.py; HTTP is in fake.py.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from sources.odoo.demo import rules, values
from sources.odoo.demo.answers import (
    OdooFault,
    bad_integer,
    bad_value,
    dangling,
    duplicate_key,
    invalid,
    missing,
    required,
)
from sources.odoo.demo.domains import order_by, where
from sources.odoo.demo.models import Field, Model
from sources.odoo.demo.store import IN, Store

LOGGED = {"id", "create_date", "create_uid", "write_date", "write_uid"}


class Environment:
    """One user's view inside one transaction; `env["res.partner"]` is the empty recordset of a model."""

    def __init__(self, store: Store, uid: int, context: dict[str, Any]):
        self.store, self.uid, self.context = store, uid, context
        self.execute = store.connection.execute

    def __getitem__(self, model: str) -> Records:
        return Records(self, self.store.models[model])

    @property
    def cr(self) -> Environment:
        return self

    def savepoint(self) -> Savepoint:
        return Savepoint(self.execute)

    def flush_all(self) -> None:
        """Nothing is held back here."""

    def invalidate_all(self) -> None:
        """Each recordset reads for itself."""


class Savepoint:
    """A place in the transaction to come back to; closing it takes back what was done since."""

    def __init__(self, execute: Callable[[str], Any]):
        self._execute = execute
        execute("savepoint tried")

    def close(self) -> None:
        self._execute("rollback to tried")
        self._execute("release tried")


class Records:
    """An ordered set of ids of one model. A field of a single record is read as an attribute."""

    def __init__(self, env: Environment, model: Model, ids: tuple[int, ...] = (), together: tuple[int, ...] = ()):
        self.env, self._model, self._ids, self._together = env, model, ids, together or ids
        self._known: dict[str, dict[int, Any]] = {}

    @property
    def _name(self) -> str:
        return self._model.name

    @property
    def _fields(self) -> dict[str, SimpleNamespace]:
        """What a server action may ask about each field."""
        return {
            f.name: SimpleNamespace(
                type=f.type,
                comodel_name=f.relation,
                store=f.stored,
                column_type=not f.type.endswith("2many"),
                inverse=None,
            )
            for f in self._model.fields.values()
        }

    @property
    def ids(self) -> list[int]:
        return list(self._ids)

    @property
    def id(self) -> int:
        return self._ids[0] if self._ids else False

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Records]:
        for one in self._ids:
            record = Records(self.env, self._model, (one,), self._together)
            record._known = self._known
            yield record

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._model.fields:
            raise AttributeError(f"'{self._model.name}' object has no attribute '{name}'")
        if name not in self._known:
            rows = self.browse(list(self._together)).read([name], load=None)
            self._known[name] = {row["id"]: row[name] for row in rows}
        return self._known[name][self.id]

    def browse(self, ids: Any) -> Records:
        ids = [ids] if isinstance(ids, int) else ids or []
        return Records(self.env, self._model, tuple(ids))

    def with_context(self, *replace: dict[str, Any], **more: Any) -> Records:
        context = (replace[0] if replace else self.env.context) | more
        return Records(Environment(self.env.store, self.env.uid, context), self._model, self._ids)

    def with_prefetch(self, together: list[int]) -> Records:
        return Records(self.env, self._model, self._ids, tuple(together))

    def fetch(self) -> None:
        """Nothing is kept of what was read."""

    def sudo(self) -> Records:
        return self

    def exists(self) -> Records:
        table, asked = self._model.table, json.dumps(self._ids)
        found = {row[0] for row in self.env.execute(f"select id from {table} where id {IN}", (asked,))}
        return self.browse([one for one in self._ids if one in found])

    def try_lock_for_update(self, *, allow_referencing: bool = False) -> Records:
        """Every call already has the database to itself, so that all that are there are free."""
        return self.exists()

    def search(self, domain: Any, offset: int = 0, limit: int | None = None, order: str | None = None) -> Records:
        rows = self._select([], domain, offset, limit, order)
        return self.browse([row["id"] for row in rows])

    def search_read(
        self,
        domain: Any = None,
        fields: list[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        *,
        load: str | None = "_classic_read",
    ) -> list[dict[str, Any]]:
        return self._named(self._select(self._asked(fields), domain or [], offset, limit, order), load)

    def search_count(self, domain: Any, limit: int | None = None) -> int:
        condition, parameters = where(self.env.store.models, self._model, domain, self._active_test)
        return self.env.execute(f"select count(*) from {self._model.table} t where {condition}", parameters).fetchone()[
            0
        ]

    def read(self, fields: list[str] | None = None, load: str | None = "_classic_read") -> list[dict[str, Any]]:
        for one in self._ids:
            if not isinstance(one, int):
                raise bad_integer(one)
        rows = {row["id"]: row for row in self._rows(self._asked(fields), f"t.id {IN}", [json.dumps(self._ids)], "")}
        return self._named([rows[one] for one in self._ids if one in rows], load)

    def create(self, vals_list: dict[str, Any] | list[dict[str, Any]]) -> Records:
        given = [dict(one) for one in ([vals_list] if isinstance(vals_list, dict) else vals_list)]
        if not given:
            return self.browse([])
        model, env = self._model, self.env
        rules.creating(self, given)
        blank = {f.name: values.default(f) for f in model.columns} | rules.defaults(self)
        now = env.store.now()
        blank |= {"create_date": now, "write_date": now, "create_uid": env.uid, "write_uid": env.uid}
        rows = [blank | self._columns(one, creating=True) for one in given]
        self._check_relations(rows)
        for f in model.columns:
            if f.required and any(row[f.name] is None for row in rows):
                raise required(model.name, f.name)
        first = (
            1 + (env.execute("select seq from sqlite_sequence where name = ?", (model.table,)).fetchone() or (0,))[0]
        )
        names = ["id", *blank]
        marks = ", ".join("?" * len(names))
        sql = f"insert into {model.table} ({_quoted(names)}) values ({marks})"
        try:
            env.store.connection.executemany(sql, ((first + n, *row.values()) for n, row in enumerate(rows)))
        except sqlite3.IntegrityError as error:
            raise duplicate_key(model.table) from error
        made = self.browse(range(first, first + len(rows)))
        for record, one in zip(made, given, strict=True):
            record._link(one)
        rules.created(made, given)
        return made

    def write(self, vals: dict[str, Any]) -> bool:
        if not vals:
            return True
        vals = dict(vals)
        alive = self.exists()
        if len(alive) != len(set(self._ids)):
            raise missing(self._name, [one for one in self._ids if one not in alive.ids], self.env.uid)
        rules.writing(self, vals)
        columns = self._columns(vals, creating=False)
        for f in self._model.columns:
            if f.required and f.name in columns and columns[f.name] is None:
                raise required(self._name, f.name)
        lists = {name: vals[name] for name in list(columns) if self._model.fields[name].type == "many2many"}
        self._update({name: value for name, value in columns.items() if name not in lists})
        for name, commands in lists.items():
            for record in self:
                record._update({name: json.dumps(values.commanded(getattr(record, name), commands))})
        self._known.clear()
        for record in self:
            record._link(vals)
        rules.written(self, vals)
        return True

    def unlink(self) -> bool:
        if not self._ids:
            return True
        if len(self.exists()) != len(set(self._ids)):
            raise missing(self._name, self.ids, self.env.uid)
        following = rules.unlinking(self)
        asked = json.dumps(self._ids)
        self.env.execute(f"delete from {self._model.table} where id {IN}", (asked,))
        self.env.execute(f"delete from ir_model_data where model = ? and res_id {IN}", (self._name, asked))
        for records in following:
            records.exists().unlink()
        return True

    def web_save_multi(self, vals_list: list[dict[str, Any]], specification: dict[str, Any]) -> list[dict[str, Any]]:
        if len(self) != len(vals_list):
            raise bad_value("Each record must have a corresponding vals entry.")
        for record, vals in zip(self, vals_list, strict=True):
            record.write(vals)
        return self.read(list(specification) or ["id"], load=None)

    def fields_get(self, allfields: list[str] | None = None, attributes: list[str] | None = None) -> dict[str, dict]:
        shown = {name: f.described() for name, f in self._model.fields.items() if not allfields or name in allfields}
        if attributes:
            return {name: {k: v for k, v in one.items() if k in attributes} for name, one in shown.items()}
        return shown

    def has_access(self, operation: str) -> bool:
        """Everybody may do all to what everybody sees; deleting records is Odoo's own matter."""
        return operation in ("read", "write", "create", "unlink")

    def check_access(self, operation: str) -> None:
        """As has_access, which refuses nothing that a server action does."""

    def _has_field_access(self, field: SimpleNamespace, operation: str) -> bool:
        """No field is closed to anybody."""
        return True

    def default_get(self, fields: list[str]) -> dict[str, Any]:
        known = {f.name: values.default(f) for f in self._model.columns} | rules.defaults(self)
        return {name: known[name] for name in fields if known.get(name) is not None}

    def get_external_id(self) -> dict[str, str]:
        rows = self.env["ir.model.data"].search_read(
            [["model", "=", self._name], ["res_id", "in", self.ids]], ["complete_name", "res_id"], order="id desc"
        )
        return {str(one): "" for one in self._ids} | {str(row["res_id"]): row["complete_name"] for row in rows}

    def load(self, fields: list[str], data: list[list[str]]) -> dict[str, Any]:
        """Odoo's import: rows of text, external ids in the column `id`, all or nothing."""
        kinds = {name: self._model.fields.get(name.partition("/")[0]) for name in fields}
        for name, f in kinds.items():
            if f is None:
                raise bad_value(f"Invalid field name {name!r}")
        messages, rows = [], []
        for number, line in enumerate(data):
            row, xid = {}, None
            for name, cell in zip(fields, line, strict=True):
                if name == "id":
                    xid = cell
                elif problem := _imported(row, kinds[name], name, cell):
                    messages.append({"type": "error", "record": number, "field": name, "message": problem})
            rows.append((xid, row))
        if messages:
            return {"ids": False, "messages": messages, "nextrow": 0}
        self.env.execute("savepoint import")
        try:
            ids = [self._imported(xid, row) for xid, row in rows]
        except OdooFault as fault:
            self.env.execute("rollback to import")
            return {"ids": False, "messages": [{"type": "error", "message": fault.message}], "nextrow": 0}
        return {"ids": ids, "messages": [], "nextrow": 0}

    def _imported(self, xid: str | None, row: dict[str, Any]) -> int:
        module, _, name = (xid or "").rpartition(".")
        module = module or "__import__"
        data = self.env["ir.model.data"]
        known = data.search([["module", "=", module], ["name", "=", name]]) if xid else None
        if known:
            self.browse(known.res_id).write(row)
            return known.res_id
        made = self.create([row]).id
        if xid:
            data.create([{"module": module, "name": name, "model": self._name, "res_id": made}])
        return made

    def context_get(self) -> dict[str, Any]:
        return {"lang": "en_US", "tz": False, "uid": self.env.uid}

    def has_group(self, group_ext_id: str) -> bool:
        """Everybody is internal; who may administrate is in both groups for that."""
        return group_ext_id == "base.group_user" or (
            group_ext_id in ("base.group_system", "base.group_erp_manager") and self.env.store.may_administrate(self.id)
        )

    def run(self) -> Any:
        return rules.run_action(self)

    @property
    def _active_test(self) -> bool:
        return bool(self.env.context.get("active_test", True))

    def _asked(self, names: list[str] | None) -> list[Field]:
        fields = self._model.fields
        for name in names or []:
            if name not in fields:
                raise bad_value(f"Invalid field {name!r} on {self._name!r}")
        return [fields[name] for name in (names or fields) if name != "id"]

    def _select(
        self, fields: list[Field], domain: Any, offset: int, limit: int | None, order: str | None
    ) -> list[dict[str, Any]]:
        condition, parameters = where(self.env.store.models, self._model, domain, self._active_test)
        tail = f" order by {order_by(self._model, order)} limit {int(limit or -1)} offset {int(offset or 0)}"
        return self._rows(fields, condition, parameters, tail)

    def _rows(self, fields: list[Field], condition: str, parameters: list, tail: str) -> list[dict[str, Any]]:
        single = [f for f in fields if f.type != "one2many"]
        shown = ", ".join(["t.id", *(f.sql for f in single)])
        found = self.env.execute(f"select {shown} from {self._model.table} t where {condition}{tail}", parameters)
        names, give = ["id", *(f.name for f in single)], [int, *(values.given(f) for f in single)]
        rows = [
            {name: turn(value) for name, turn, value in zip(names, give, row, strict=True)} for row in found.fetchall()
        ]
        for f in fields:
            if f.type == "one2many":
                self._add_many(f, rows)
        return rows

    def _add_many(self, f: Field, rows: list[dict[str, Any]]) -> None:
        target = self.env.store.models[f.relation]
        condition, parameters = where(
            self.env.store.models, target, [[f.inverse, "in", [row["id"] for row in rows]]], self._active_test
        )
        inverse = target.fields[f.inverse].sql
        sql = f"select {inverse}, t.id from {target.table} t where {condition} order by {order_by(target, None)}"
        held: dict[int, list[int]] = {}
        for owner, one in self.env.execute(sql, parameters):
            held.setdefault(owner, []).append(one)
        for row in rows:
            row[f.name] = held.get(row["id"], [])

    def _named(self, rows: list[dict[str, Any]], load: str | None) -> list[dict[str, Any]]:
        """Relations as [id, display name], unless `load` is null."""
        if load != "_classic_read" or not rows:
            return rows
        for name in rows[0]:
            f = self._model.fields[name]
            if f.type != "many2one":
                continue
            target = self.env.store.models[f.relation]
            wanted = json.dumps(sorted({row[name] for row in rows if row[name]}))
            shown = dict(
                self.env.execute(f"select t.id, {target.display} from {target.table} t where t.id {IN}", (wanted,))
            )
            for row in rows:
                row[name] = [row[name], shown.get(row[name], "")] if row[name] else False
        return rows

    def _columns(self, vals: dict[str, Any], creating: bool) -> dict[str, Any]:
        """The columns that `vals` sets. Odoo ignores what it computes itself."""
        fields, columns = self._model.fields, {}
        for name, value in vals.items():
            f = fields.get(name)
            if f is None:
                if creating:
                    raise bad_value(f"Invalid field {name!r} in {self._name!r}")
                raise OdooFault("builtins.KeyError", name, 500)
            if name in LOGGED or not f.stored:
                continue
            if f.type == "many2one":
                columns[name] = self._one(f, value, creating)
            else:
                columns[name] = values.taken(self._name, f, value)
        return columns

    def _one(self, f: Field, value: Any, creating: bool) -> int | None:
        """A relation. On write Odoo clears the field, without a word, when it is sent anything but an id."""
        if value is None or value is False or value == 0 or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            if not creating and not self.env[f.relation].browse(value).exists():
                raise missing(f.relation, [value], self.env.uid)
            return value
        if creating:
            raise bad_integer(value)
        return None

    def _check_relations(self, rows: list[dict[str, Any]]) -> None:
        for f in self._model.columns:
            if f.type == "many2one":
                wanted = {row[f.name] for row in rows} - {None}
                if wanted and len(self.env[f.relation].browse(sorted(wanted)).exists()) != len(wanted):
                    raise dangling(self._name, f.name)

    def _link(self, vals: dict[str, Any]) -> None:
        """One2many commands: create, update, delete."""
        for name, commands in vals.items():
            f = self._model.fields[name]
            if f.type != "one2many":
                continue
            target = self.env[f.relation]
            for command in commands:
                match command[0]:
                    case 0:
                        target.create([{**command[2], f.inverse: self.id}])
                    case 1:
                        target.browse(command[1]).write(command[2])
                    case 2:
                        target.browse(command[1]).unlink()
                    case _:
                        raise invalid(f"The demo Odoo does not know command {command[0]} for {name}")

    def _update(self, columns: dict[str, Any]) -> None:
        columns = {**columns, "write_date": self.env.store.now(), "write_uid": self.env.uid}
        assigned = ", ".join(f'"{name}" = ?' for name in columns)
        sql = f"update {self._model.table} set {assigned} where id {IN}"
        self.env.execute(sql, (*columns.values(), json.dumps(self._ids)))


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _imported(row: dict[str, Any], f: Field, name: str, cell: str) -> str | None:
    """Put one cell of an import into `row`; the problem as text if it cannot be read."""
    if f.type == "boolean":
        if cell not in ("", "0", "1", "true", "false", "True", "False"):
            return f"Unknown value {cell!r} for boolean field {f.name!r}"
        row[f.name] = cell in ("1", "true", "True")
    elif name.endswith("/.id"):
        if cell and not cell.isdigit():
            return f"Invalid database id {cell!r} for the field {f.name!r}"
        row[f.name] = int(cell) if cell else False
    else:
        row[f.name] = cell or False
    return None
