"""What golden wants published: the rows of one publish model, each value in Odoo's form or its row's problem."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.exports import read
from pipelines.publish.policy import ObjectPolicy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.values import BadValue, rounded

KEYS = ["golden_id", "odoo_id", "odoo_ids", "units", "payload_hash"]
Converter = Callable[[Any], Any]


@dataclass
class Rows:
    """One publish model, by column; `members` are the cluster's records in Odoo.

    `stated` is what golden says of records that relations name. By row number: what a new record gets besides its
    values (`extra`), why a row cannot be published (`problems`), why no record can be made of it (`gaps`).
    """

    ids: list[str]
    odoo_ids: list[int | None]
    members: list[list[int]]
    units: list[list[str]]
    hashes: list[str]
    values: dict[str, list[Any]]
    stated: dict[str, list[Any]] = field(default_factory=dict)
    options: list[dict[str, str]] = field(default_factory=list)
    extra: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    gaps: dict[int, str] = field(default_factory=dict)

    def row(self, number: int) -> dict[str, Any]:
        """The row's canonical values; None means that golden has none."""
        return {name: column[number] for name, column in self.values.items()}


def read_rows(exports: Path, name: str, policy: ObjectPolicy) -> Rows:
    """The publish model of object `name`. Raises PublishRefused where it is missing or lacks a column."""
    path = exports / "publish" / f"publish_odoo__{name}.parquet"
    if not path.exists():
        raise PublishRefused(f"{path.name} is not among the exports", "run `assay build` first")
    missing = [*KEYS[:4], *policy.owned, *policy.stated]
    missing = [column for column in missing if column not in pq.read_schema(path).names]
    if missing:
        raise PublishRefused(f"{path.name} lacks {', '.join(missing)}", "mend the publish model or odoo.yml")
    chosen = [column for column in policy.options if column in pq.read_schema(path).names]
    table = read(path, [*KEYS, *policy.owned, *policy.stated, *chosen])
    columns = {column: table.column(column).to_pylist() for column in table.column_names}
    if len(set(columns["golden_id"])) != table.num_rows:
        raise PublishRefused(f"{path.name} holds a golden id twice", "mend the publish model: golden_id is its key")
    units = [row or [] for row in columns["units"]]
    values = {column: columns[column] for column in policy.owned}
    options = [
        {policy.options[column]: columns[column][number] for column in chosen if columns[column][number]}
        for number in range(table.num_rows)
    ]
    members = [row or [] for row in columns["odoo_ids"]]
    stated = {column: columns[column] for column in policy.stated}
    return Rows(
        columns["golden_id"], columns["odoo_id"], members, units, columns["payload_hash"], values, stated, options
    )


def convert(rows: Rows, policy: ObjectPolicy, converters: Mapping[str, Converter]) -> None:
    """Bring every value into canonical form in place; the first bad value of a row becomes its problem."""
    for name, field_policy in policy.owned.items():
        found = rows.gaps if field_policy.only == "create" else rows.problems
        found = None if field_policy.missing == "leave" else found
        rows.values[name] = list(_converted(rows.values[name], converters[name], found))
        if field_policy.required:
            for number, value in enumerate(rows.values[name]):
                if value is None:
                    rows.gaps.setdefault(number, f"{name} is required and golden has none; mend it at its source")


def round_to_currency(rows: Rows, name: str, price_list: str, places: Mapping[int, int]) -> None:
    """Round the prices in column `name` to the decimals of their list's currency; Odoo 19 itself does not."""
    lists, prices = rows.values[price_list], rows.values[name]
    rows.values[name] = [
        price if price is None or where not in places else rounded(price, places[where])
        for where, price in zip(lists, prices, strict=True)
    ]


def fingerprint(rows: Iterable[Rows]) -> str:
    """SHA-256 over the golden ids, payload hashes and clusters of all rows considered."""
    digest = hashlib.sha256()
    for each in rows:
        for row in zip(each.ids, each.hashes, each.members, strict=True):
            digest.update(_stated(*row))
    return digest.hexdigest()


def payloads(exports: Path, names: Iterable[str]) -> str | None:
    """The same fingerprint of the publish models as they are now; None where an export is not on this machine."""
    digest = hashlib.sha256()
    for name in names:
        path = exports / "publish" / f"publish_odoo__{name}.parquet"
        if not path.exists():
            return None
        table = read(path, ["golden_id", "payload_hash", "odoo_ids"])
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            digest.update(_stated(*row))
    return digest.hexdigest()


def _stated(golden_id: str, payload: str, members: list[int] | None) -> bytes:
    """What a fingerprint holds of one row; which records become one only where there are several."""
    several = members if members and len(members) > 1 else ""
    return f"{golden_id}\t{payload}\t{several}\n".encode()


def _converted(column: list[Any], convert_one: Converter, problems: dict[int, str] | None) -> Iterable[Any]:
    for number, value in enumerate(column):
        if value is None:
            yield None
            continue
        try:
            yield convert_one(value)
        except BadValue as bad:
            if problems is not None:
                problems.setdefault(number, str(bad))
            yield None
