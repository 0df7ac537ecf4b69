"""The publish policy, read from odoo.yml: which fields are ours, how values are formed, how far a plan may reach.

Only the model and its loading belong here; unknown keys are errors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pipelines.publish.refusal import PublishRefused
from sources.declared import read_yaml
from sources.facts import parse_duration

# Whose fields Assay writes; those of Odoo itself and of other writers it leaves alone.
OURS = ("assay", "shared")
POLICY = Path(__file__).with_name("odoo.yml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Lookup(_Strict):
    """Where a relation's stable key is found: `key` of `model`, or the golden ids of `object`."""

    model: str | None = None
    key: str | None = None
    object: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Lookup:
        if bool(self.object) == bool(self.model and self.key):
            raise ValueError("a lookup names either an object, or a model and its key")
        return self


class FieldPolicy(_Strict):
    owner: str = "assay"
    required: bool = False
    lookup: Lookup | None = None
    missing: Literal["reject", "leave"] = "reject"
    spelling: Literal["exact", "phone", "website", "vat"] = "exact"
    round: Literal["precision", "currency"] = "precision"
    where: list[tuple[str, str, Any]] = []
    agrees: str | None = None
    states: dict[str, str] = {}
    least: float | None = None
    only: Literal["create"] | None = None
    from_parent: bool = False


class FieldCap(_Strict):
    """Records on which one field may change: a number, a share of those in Odoo."""

    records: int | None = None
    share: float | None = None


class Caps(_Strict):
    """Records, shares of the records in Odoo, and percent of a field's old value."""

    created: int
    updated: int
    floor: int = 0
    updated_share: float = 1.0
    field_share: float = 1.0
    change_percent: dict[str, float] = {}
    fields: dict[str, FieldCap] = {}
    archived: int = 100
    moved: int = 5000


class Window(_Strict):
    """Fields that name what a rule applies to, and the two that bound it in time."""

    by: list[str]
    start: str
    end: str


class ObjectPolicy(_Strict):
    model: str
    domain: str
    fields: dict[str, FieldPolicy]
    retire: dict[str, Any]
    caps: Caps
    create: dict[str, Any] = {}
    unique: list[str] = []
    elsewhere: dict[str, Lookup] = {}
    acyclic: tuple[str, str] | None = None
    window: Window | None = None
    made_with: str | None = None
    options: dict[str, str] = {}
    merge: bool = False

    @property
    def owned(self) -> dict[str, FieldPolicy]:
        """The fields that Assay may write, in the policy's order."""
        return {name: field for name, field in self.fields.items() if field.owner in OURS}

    @property
    def stated(self) -> list[str]:
        """Columns of the publish model that are compared with what a relation names, and not written."""
        return [column for field in self.owned.values() for column in field.states]


class Writer(_Strict):
    """Another program that writes to Odoo: the users it logs in as, and the modules of its external ids."""

    logins: list[str] = []
    modules: list[str] = []


class Rehearsal(_Strict):
    """How many records of each object Odoo tries out and takes back; 0 for none."""

    up_to: int = Field(50, ge=0)


class Approval(_Strict):
    valid_for: Annotated[timedelta, BeforeValidator(parse_duration)]


class Policy(_Strict):
    approval: Approval
    batch: int = Field(gt=0)
    quiet_above: int
    rehearsal: Rehearsal = Rehearsal()
    objects: dict[str, ObjectPolicy]
    writers: dict[str, Writer] = {}

    @model_validator(mode="after")
    def _known_owners(self) -> Policy:
        for name, each in self.objects.items():
            for field, said in each.fields.items():
                if said.owner not in (*OURS, "odoo", *self.writers):
                    raise ValueError(f"{name}.{field} is owned by {said.owner}, which is not among writers")
        return self

    @property
    def hash(self) -> str:
        """SHA-256 over the policy as read: a plan states under which policy it was made."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_policy(path: Path = POLICY) -> Policy:
    """The policy in `path`. Raises PublishRefused, which names what is wrong in it."""
    with unfit_refused(path):
        return _read(path.read_text(encoding="utf-8"))


@contextmanager
def unfit_refused(path: Path) -> Iterator[None]:
    """A file of rules that cannot be used is told by its name and key, as something for a person to mend."""
    try:
        yield
    except yaml.YAMLError as unfit:
        raise PublishRefused(f"{path.name} is no YAML: {' '.join(str(unfit).split())}", "mend the file") from None
    except ValidationError as unfit:
        told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in unfit.errors()]
        raise PublishRefused(f"{path.name}: {'; '.join(told)}", "mend the file") from None


@lru_cache(maxsize=8)
def _read(text: str) -> Policy:
    return Policy.model_validate(read_yaml(text))
