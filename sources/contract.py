"""The contract of a source: everything a system and its streams promise, and nothing about how to run it.

Only the model and its loading belong here; defaults live here so that a stream states only what differs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import Field, ValidationError, model_validator

from sources.declared import read_yaml
from sources.facts import Auth, Budget, Deleted, Duration, ErrorObject, Files, Request, Strict

SOURCES = Path(__file__).parent
Type = Literal["string", "integer", "decimal", "boolean", "timestamp", "date", "json"]
Sensitivity = Literal["public", "internal", "commercial", "pii", "pci"]
TYPES, CLASSES = get_args(Type), get_args(Sensitivity)


class ContractError(ValueError):
    """A contract that cannot be trusted; the message names file, key and remedy."""


class Column(Strict):
    """One column of a stream: its type, its class of sensitivity and what it means.

    In short a few words: `integer public required` is {type: integer, class: public, required: true}; `decimal(2)` has
    two places, and a word with a slash is the time zone.
    """

    type: Type = "string"
    sensitivity: Sensitivity = Field("internal", alias="class")
    description: str = ""
    required: bool = False
    enum: list[str] | None = None
    scale: int = Field(4, description="decimal places of a decimal; a value with more is a breaking change")
    timezone: str | None = Field(None, description="of a naive time, where it differs from its stream's")
    header: str | None = Field(None, description="what a file calls it, where that is not its name")
    zeros: int | Literal["trunk"] | None = Field(
        None,
        description="digits that a spreadsheet dropped: filled up to so many, or the one that national numbers begin "
        "with, where all of them have one",
    )

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        told: dict[str, Any] = {}
        for word in given.split():
            if places := re.fullmatch(r"decimal\((\d)\)", word):
                told |= {"type": "decimal", "scale": int(places[1])}
            elif word in TYPES:
                told["type"] = word
            elif word in CLASSES:
                told["class"] = word
            elif word == "required" or "/" in word:
                told |= {"timezone": word} if "/" in word else {"required": True}
            else:
                raise ValueError(f"{word!r} is no type, no class, no time zone and not `required`")
        return told


class Sla(Strict):
    """How old the newest event may be before operators are warned, and before publishing stops."""

    warn: Duration
    fail: Duration

    @model_validator(mode="after")
    def _ordered(self) -> Sla:
        if self.warn > self.fail:
            raise ValueError("sla.warn must not be longer than sla.fail")
        return self


class Freshness(Strict):
    """What proves that a stream is up to date.

    `proven`: the upper bound of the last window read to its end, in the source's clock.
    `event`: the newest event time, per unit (a store) where `by` names the column, taken from the
    `pulse` stream where this one is too quiet to tell silence from darkness.
    `on_stale`: `block` refuses the whole domain, `hold_rows` only what rests on the stale unit.
    """

    basis: Literal["proven", "event"] = "proven"
    by: str | None = None
    pulse: str | None = None
    on_stale: Literal["block", "hold_rows"] = "block"


Domain = Literal[
    "customers", "products", "prices", "orders", "payments", "refunds", "payouts", "inventory", "loyalty", "shipments",
    "tickets", "marketing", "stores", "reference",
]  # fmt: skip


class Stream(Strict):
    """What one stream promises. Times are in the source's clock unless `clock` says otherwise.

    `primary_key` may be several columns, joined with ` + `. `cannot`: acceptance test by number -> why it cannot apply.
    """

    description: str
    domain: Domain
    request: Request | None = None
    files: Files | None = None
    deleted: Deleted | None = None
    budget: Budget | None = None
    primary_key: str = "id"
    cursor: str | None = None
    event_time: str | None = None
    lower_inclusive: bool = True
    upper_inclusive: bool = True
    clock: Literal["server", "database", "client"] = "server"
    resolution: Duration = timedelta(seconds=1)
    settle_lag: Duration = timedelta(seconds=0)
    overlap: Duration = timedelta(minutes=5)
    max_window: Duration | None = None
    horizon: Duration | None = None
    timezone: str = "UTC"
    page_stable_key: str | None = None
    page_size: int = 250
    page_cap: int | None = None
    expected_total: bool = False
    delete_mode: Literal["none", "flag", "tombstone_feed", "full_sweep", "full_files"] = "none"
    delete_flag: str | None = None
    sweep_limit_percent: float = 5.0
    sweep_every: Duration = timedelta(days=1)
    merge_field: str | None = Field(None, description="keys that a record took up: a list, or a text with ; between")
    about: str | None = Field(None, description="where a record that is not a person's own names that person's record")
    required_scopes: list[str] = []
    money: Literal["string", "minor_units", "decimal", "float", "none"] = "none"
    tax_basis: Literal["gross", "net", "mixed", "none"] = "none"
    latency_class: Literal["seconds", "minutes", "hours", "daily"] = "minutes"
    sla: Sla | None = None
    freshness: Freshness = Freshness()
    failure_policy: Literal["retry", "hold", "skip"] = "retry"
    breaking: Literal["quarantine"] = "quarantine"
    cannot: dict[int, str] = {}
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _names_exist(self) -> Stream:
        named = [("primary_key", part) for part in self.key_paths]
        named += [("event_time", self.event_time), ("freshness.by", self.freshness.by), ("about", self.about)]
        for what, name in [*named, ("merge_field", self.merge_field)]:
            if name and name.split(".")[0] not in self.columns:
                raise ValueError(f"{what} {name!r} is not among the columns")
        if (self.delete_mode == "full_files") != bool(self.files and self.files.full):
            raise ValueError("delete_mode full_files belongs to files.full, and is needed there")
        if self.request and self.request.behind > self.settle_lag:
            raise ValueError("settle_lag must be at least request.behind: what lies between has not been asked for")
        if self.delete_mode == "flag" and not self.delete_flag or self.delete_flag and self.delete_mode not in FLAGGED:
            raise ValueError(
                "delete_flag belongs to delete_mode flag, and is needed there; full_sweep may have one too"
            )
        return self

    @property
    def key_paths(self) -> list[str]:
        """The columns, as dotted paths, that together name a record."""
        return self.primary_key.split(" + ")

    def zone(self, name: str | None) -> str:
        """The time zone of a column's naive times."""
        column = self.columns.get(name or "")
        return column.timezone if column and column.timezone else self.timezone

    @property
    def pii(self) -> list[str]:
        """Names of the columns that hold personal data."""
        return [name for name, column in self.columns.items() if column.sensitivity == "pii"]


class Contract(Strict):
    """What a system promises: who owns it, how it is reached, and its streams.

    `defaults` is what its streams have in common, columns too; a stream states only what differs, and null takes away a
    column. `live` systems must answer, others are read where their endpoint is set. `identity_only`: its people are
    evidence of who is who, and own no value.
    `sunset_on`: when the vendor ends this version; `review_on`: when we look again, where nobody has named such a day.
    """

    system: str
    kind: Literal["rest", "graphql", "sql", "files", "odoo"]
    description: str
    owner: str
    state: Literal["draft", "reviewed", "approved", "live", "deprecated"] = "live"
    mode: Literal["direct", "hub"] = "hub"
    endpoint: str
    secrets: dict[str, str] = {}
    api_version: str | None = None
    sunset_on: date | None = None
    review_on: date | None = None
    rotate_every: Duration | None = None
    credentials_on: date | None = None
    auth: Auth = Auth()
    error: ErrorObject | None = None
    budget: Budget = Budget()
    identity_only: bool = False
    cannot: dict[int, str] = {}
    streams: dict[str, Stream]

    @model_validator(mode="before")
    @classmethod
    def _defaults_apply(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "defaults" not in given:
            return given
        shared = given["defaults"]
        streams = {name: _merged(shared, own) for name, own in (given.get("streams") or {}).items()}
        return {**{name: value for name, value in given.items() if name != "defaults"}, "streams": streams}

    def why_not(self, test: int, stream: str) -> str | None:
        """Why an acceptance test, by its number, cannot apply to a stream; None where it does."""
        stated = self.streams[stream].cannot.get(test) or self.cannot.get(test)
        return stated or BY_KIND.get(self.kind, {}).get(test)

    @model_validator(mode="after")
    def _secrets_by_reference(self) -> Contract:
        for name, value in {"endpoint": self.endpoint, **self.secrets}.items():
            if not value.startswith("env:"):
                example = f"env:{self.system.upper()}_{name.upper()}"
                raise ValueError(f"{name} must be a reference such as {example}, never a value")
        return self


FLAGGED = ("flag", "full_sweep")


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What a stream states itself, over what all have in common; what is itself a mapping merges inside."""
    inside = {
        name: _merged(shared[name], own[name])
        for name in ("request", "files", "paging", "params", "columns")
        if isinstance(shared.get(name), Mapping) and isinstance(own.get(name), Mapping)
    }
    if "columns" in inside:
        inside["columns"] = {name: column for name, column in inside["columns"].items() if column is not None}
    return {**shared, **own, **inside}


_NO_FILES = {24: "no files are read from it"}
BY_KIND: dict[str, dict[int, str]] = {
    "rest": _NO_FILES,
    "graphql": _NO_FILES,
    "odoo": _NO_FILES,
    "sql": {
        **_NO_FILES,
        6: "a database answers in its driver's protocol, not over HTTP",
        7: "a database answers in its driver's protocol, not over HTTP",
        8: "a database has no rate limit",
        9: "the reader chooses the next key itself; no cursor comes from the database",
        10: "a database hides nothing behind a cap",
        15: "a database grants whole tables; what is not granted cannot be read at all",
        17: "a database has no API version; its columns are checked at each read",
    },
    "files": {
        1: "files are not asked for by time; each is read once, by its content",
        2: "a file that comes late is read when it comes",
        6: "no answer that could be an error: a file is there or is not",
        7: "a file that breaks off is test 24; a silent server is given up in bounded time (sources/sftp.py)",
        8: "a folder has no rate limit",
        9: "the listing names every file; nothing is paged",
        10: "a listing hides nothing behind a cap",
        11: "a file states no total of its records; that it is whole is test 24",
        15: "a folder is readable or is not; that files are missing shows by the age of the newest",
        17: "a file has no API version; its header or namespace is checked each time",
    },
}
NATIVE = ("sql", "files")


def load_contract(path: Path) -> Contract:
    """Read one contract.yml; ContractError names the file, the key and what is wrong."""
    try:
        return _read(path.read_text())
    except (ValidationError, yaml.YAMLError) as error:
        raise ContractError(f"{path.parent.name}/{path.name}: {error}") from error


@lru_cache(maxsize=256)
def _read(text: str) -> Contract:
    return Contract.model_validate(read_yaml(text))


def load_contracts(root: Path = SOURCES) -> dict[str, Contract]:
    """Every contract below `root`, by system name, in alphabetical order."""
    contracts = [load_contract(path) for path in sorted(root.glob("*/contract.yml"))]
    return {contract.system: contract for contract in contracts}
