"""The approval policy, read from approvals.yml: roles, four eyes, caps of a whole run, canary, when a plan is void.

Who may do what is decided here; who somebody is, the machine's accounts decide. Unknown keys are errors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.publish.policy import Policy, unfit_refused
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import CHANGES, Plan
from sources.declared import read_yaml

AUTHORITY = Path(__file__).with_name("approvals.yml")
ALL = "*"
Deed = Literal["approve", "force", "undo"]
DONE = {"create": "created", "update": "updated", "archive": "archived", "merge": "merged", "erase": "archived"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grant(_Strict):
    """What a role may do a deed to: in these domains, to these objects, in plans of at most so many records."""

    domains: list[str] = [ALL]
    objects: list[str] = [ALL]
    records: int | None = None

    def covers(self, domain: str, name: str, records: int) -> bool:
        listed = all(ALL in some or one in some for some, one in ((self.domains, domain), (self.objects, name)))
        return listed and (self.records is None or records <= self.records)


class Role(_Strict):
    people: list[str]
    approve: Grant | None = None
    force: Grant | None = None
    undo: Grant | None = None


class FourEyes(_Strict):
    forced: bool = False
    records: int | None = None
    domains: list[str] = []
    accounts: bool = False


class Reach(_Strict):
    """Records of one run, by what is done to them; None is without limit."""

    created: int | None = None
    updated: int | None = None
    archived: int | None = None
    merged: int | None = None


class RunCaps(_Strict):
    run: Reach = Reach()
    domains: dict[str, Reach] = {}


class Canary(_Strict):
    """What is written first: so many records of each object (None: all), of these units and companies where named."""

    records: int | None = Field(None, gt=0)
    units: list[str] = []
    companies: list[str] = []

    @model_validator(mode="after")
    def _says_something(self) -> Canary:
        if not (self.records or self.units or self.companies):
            raise ValueError("a canary says how many records, or of which units or companies")
        return self


class Expires(_Strict):
    golden: bool = True
    moved: float = Field(1.0, ge=0, le=1)
    floor: int = 0


class Authority(_Strict):
    roles: dict[str, Role]
    four_eyes: FourEyes = FourEyes()
    caps: RunCaps = RunCaps()
    canary: dict[str, Canary] = {}
    expires: Expires = Expires()

    @property
    def hash(self) -> str:
        """SHA-256 over what decides how a plan is made and written; roles are looked up when they are needed."""
        return hashlib.sha256(self.model_dump_json(exclude={"roles", "four_eyes"}).encode()).hexdigest()


def load_authority(path: Path = AUTHORITY) -> Authority:
    """The approval policy in `path`. Raises PublishRefused, which names what is wrong in it."""
    with unfit_refused(path):
        return Authority.model_validate(read_yaml(path.read_text(encoding="utf-8")))


def sealed_policies(policy: Policy, authority: Authority) -> str:
    """One hash over both policies: a plan states under which it was made."""
    return hashlib.sha256(f"{policy.hash} {authority.hash}".encode()).hexdigest()


def refuse_unknown_domains(authority: Authority, policy: Policy) -> None:
    """Raises PublishRefused where approvals.yml names a domain that nothing published belongs to: it binds nobody."""
    grants = [grant for role in authority.roles.values() for grant in (role.approve, role.force, role.undo) if grant]
    named = {*authority.canary, *authority.caps.domains, *authority.four_eyes.domains}
    named |= {domain for grant in grants for domain in grant.domains}
    known = {each.domain for each in policy.objects.values()}
    if unknown := sorted(named - known - {ALL}):
        said = f"approvals.yml names {', '.join(unknown)}, to which no object of odoo.yml belongs"
        raise PublishRefused(said, f"choose from {', '.join(sorted(known))}")


def refuse_unauthorised(
    authority: Authority, policy: Policy, person: str, deed: Deed, counts: Mapping[str, int]
) -> None:
    """Raises PublishRefused, naming the object, unless roles of `person` cover the deed on all objects.

    counts: records by object that the plan changes, or that the run changed.
    """
    records = sum(counts.values())
    grants = [
        grant
        for role in authority.roles.values()
        if person in role.people or ALL in role.people
        if (grant := getattr(role, deed))
    ]
    for name, changed in counts.items():
        domain = policy.objects[name].domain if name in policy.objects else name
        if changed and not any(grant.covers(domain, name, records) for grant in grants):
            may = [
                role
                for role, each in authority.roles.items()
                if (g := getattr(each, deed)) and g.covers(domain, name, records)
            ]
            ask = f"ask somebody of {', '.join(may)}" if may else "widen a role in approvals.yml"
            raise PublishRefused(f"{person} may not {deed} {name} in a plan of {records} records", ask)


def touched(plan: Plan) -> dict[str, int]:
    """Records that the plan changes, by object."""
    return {name: sum(counts.get(action, 0) for action in CHANGES) for name, counts in plan.summary["objects"].items()}


def approvals_needed(authority: Authority, policy: Policy, plan: Plan) -> int:
    """How many different people must approve the plan."""
    rule, counts = authority.four_eyes, touched(plan)
    domains = {policy.objects[name].domain for name, changed in counts.items() if changed and name in policy.objects}
    many = rule.records is not None and sum(counts.values()) >= rule.records
    return 2 if (rule.forced and plan.summary["caps"]) or many or domains & set(rule.domains) else 1


def beyond_in_all(authority: Authority, policy: Policy, objects: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """One sentence per cap of a domain or of the whole run that the counts by object exceed."""
    for domain in dict.fromkeys(policy.objects[name].domain for name in objects):
        if domain in authority.caps.domains:
            counts = [each for name, each in objects.items() if policy.objects[name].domain == domain]
            yield from _beyond(domain, authority.caps.domains[domain], counts)
    yield from _beyond("the run", authority.caps.run, list(objects.values()))


def _beyond(what: str, reach: Reach, counts: list[Mapping[str, Any]]) -> Iterator[str]:
    for action, done in DONE.items():
        cap, total = getattr(reach, done), sum(each.get(action, 0) for each in counts)
        if cap is not None and total > cap:
            yield f"{what}: {total} records would be {done}, the cap is {cap}"
