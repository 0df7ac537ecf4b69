"""The contract of a source: everything a system and its streams promise, and nothing about how to run it.

Only the model and its loading belong here; defaults live here so that a stream states only what differs.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

SOURCES = Path(__file__).parent

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class ContractError(ValueError):
    """A contract that cannot be trusted; the message names file, key and remedy."""


def parse_duration(value: Any) -> timedelta:
    """'90s', '15m', '6h' or '7d' as a timedelta; ValueError otherwise."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d+)\s*([smhd])", str(value).strip())
    if not found:
        raise ValueError(f"{value!r} is not a duration; write a number and a unit: 90s, 15m, 6h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Column(_Strict):
    """One column of a stream: its type, its class of sensitivity and what it means."""

    type: Literal["string", "integer", "decimal", "boolean", "timestamp", "date", "json"] = "string"
    sensitivity: Literal["public", "internal", "commercial", "pii", "pci"] = Field("internal", alias="class")
    description: str = ""
    required: bool = False
    enum: list[str] | None = None
    scale: int = Field(4, description="decimal places of a decimal; a value with more is a breaking change")
    timezone: str | None = Field(None, description="of a naive time, where it differs from its stream's")


class Sla(_Strict):
    """How old the newest event may be before operators are warned, and before publishing stops."""

    warn: Duration
    fail: Duration

    @model_validator(mode="after")
    def _ordered(self) -> Sla:
        if self.warn > self.fail:
            raise ValueError("sla.warn must not be longer than sla.fail")
        return self


class Freshness(_Strict):
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


class Budget(_Strict):
    """The vendor's published rate: `calls` per `per`, with `burst`, or cost points per second."""

    calls: int = 10
    per: Duration = timedelta(seconds=1)
    burst: int = 20
    cost_points: int | None = None
    restore_per_second: int | None = None


class Stream(_Strict):
    """What one stream promises. Times are in the source's clock unless `clock` says otherwise."""

    description: str
    domain: Literal["customers", "products", "prices", "orders", "payments", "stores", "loyalty", "reference"]
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
    delete_mode: Literal["none", "flag", "tombstone_feed", "full_sweep"] = "none"
    delete_flag: str | None = None
    sweep_limit_percent: float = 5.0
    sweep_every: Duration = timedelta(days=1)
    merge_field: str | None = None
    about: str | None = Field(None, description="where a record that is not a person's own names that person's record")
    required_scopes: list[str] = []
    money: Literal["string", "minor_units", "decimal", "float", "none"] = "none"
    tax_basis: Literal["gross", "net", "mixed", "none"] = "none"
    latency_class: Literal["seconds", "minutes", "hours", "daily"] = "minutes"
    sla: Sla | None = None
    freshness: Freshness = Freshness()
    failure_policy: Literal["retry", "hold", "skip"] = "retry"
    breaking: Literal["quarantine"] = "quarantine"
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _names_exist(self) -> Stream:
        named = {"primary_key": self.primary_key, "event_time": self.event_time}
        named |= {"freshness.by": self.freshness.by, "merge_field": self.merge_field, "about": self.about}
        for what, name in named.items():
            if name and name.split(".")[0] not in self.columns:
                raise ValueError(f"{what} {name!r} is not among the columns")
        if (self.delete_mode == "flag") != bool(self.delete_flag):
            raise ValueError("delete_flag belongs to delete_mode flag, and is needed there")
        return self

    def zone(self, name: str | None) -> str:
        """The time zone of a column's naive times."""
        column = self.columns.get(name or "")
        return column.timezone if column and column.timezone else self.timezone

    @property
    def pii(self) -> list[str]:
        """Names of the columns that hold personal data."""
        return [name for name, column in self.columns.items() if column.sensitivity == "pii"]


class Contract(_Strict):
    """What a system promises: who owns it, how it is reached, and its streams."""

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
    error_in_body: str | None = None
    budget: Budget = Budget()
    identity_only: bool = False
    streams: dict[str, Stream]

    @model_validator(mode="after")
    def _secrets_by_reference(self) -> Contract:
        for name, value in {"endpoint": self.endpoint, **self.secrets}.items():
            if not value.startswith("env:"):
                example = f"env:{self.system.upper()}_{name.upper()}"
                raise ValueError(f"{name} must be a reference such as {example}, never a value")
        return self


def load_contract(path: Path) -> Contract:
    """Read one contract.yml; ContractError names the file, the key and what is wrong."""
    try:
        return Contract.model_validate(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as error:
        raise ContractError(f"{path.parent.name}/{path.name}: {error}") from error


def load_contracts(root: Path = SOURCES) -> dict[str, Contract]:
    """Every contract below `root`, by system name, in alphabetical order."""
    contracts = [load_contract(path) for path in sorted(root.glob("*/contract.yml"))]
    return {contract.system: contract for contract in contracts}
