"""Who else writes to what Assay publishes, from Odoo's own history, and which of them nobody has registered."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from pipelines.publish.authors import logins, tracked_changes
from pipelines.publish.policy import Policy
from sources.odoo.actions import MODULE
from sources.odoo.client import OdooClient, read_by_id, search_read
from sources.odoo.errors import OdooDenied, OdooMissing

# External ids that people and Odoo's own exports and imports make.
BY_HAND = {"__import__", "__export__", "__custom__"}
# Odoo itself: its own data, its scheduled jobs.
SUPERUSER = 1


@dataclass
class Found:
    """One writer: a user by login, or the module of external ids. `known`: its name in odoo.yml, "" if it has none."""

    kind: str
    name: str
    known: str = ""
    records: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    fields: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    last_at: str = ""

    def add(self, model: str, count: int = 1, at: str = "") -> None:
        self.records[model] += count
        self.last_at = max(self.last_at, at)


def discover_writers(client: OdooClient, policy: Policy, ours: Collection[str] = ()) -> list[Found]:
    """Every user and every module of external ids behind records of the published models; the unregistered first.

    `ours`: logins of Assay, by default the client's. Fields are known of what Odoo tracks and this user may read.
    Raises the errors of Odoo's client.
    """
    users: dict[int, Found] = defaultdict(lambda: Found("user", ""))
    modules: dict[str, Found] = {}
    for model in dict.fromkeys(each.model for each in policy.objects.values()):
        for page in read_by_id(client, model, ["create_uid", "create_date", "write_uid", "write_date"], page=5000):
            for row in page:
                users[row["write_uid"]].add(model, at=row["write_date"] or "")
                if row["create_uid"] != row["write_uid"]:
                    users[row["create_uid"]].add(model, at=row["create_date"] or "")
        for _, name, uid, at in tracked_changes(client, model):
            users[uid].fields[model].add(name)
            users[uid].last_at = max(users[uid].last_at, at)
        for name, count in _modules(client, model).items():
            modules.setdefault(name, Found("external ids", name)).add(model, count)
    users.pop(False, None)
    names = logins(client, users)
    for uid, found in users.items():
        found.name = names.get(uid, f"user {uid}")
        if uid == SUPERUSER:
            found.known = "odoo"
            continue
        found.known = "assay" if found.name in (ours or (client.login,)) else _registered(policy, "logins", found.name)
    for name, found in modules.items():
        found.known = "assay" if name == MODULE else _registered(policy, "modules", name)
    return sorted([*users.values(), *modules.values()], key=lambda each: (bool(each.known), each.kind, each.name))


def _modules(client: OdooClient, model: str) -> dict[str, int]:
    """Number of external ids by module; none of modules that are installed, whose records are Odoo's own data."""
    counted: dict[str, int] = defaultdict(int)
    with contextlib.suppress(OdooDenied, OdooMissing):
        for page in read_by_id(client, "ir.model.data", ["module"], [("model", "=", model)], page=5000):
            for row in page:
                counted[row["module"]] += 1
    own: set[str] = set()
    with contextlib.suppress(OdooDenied, OdooMissing):
        wanted = [("name", "in", sorted(counted)), ("state", "=", "installed")]
        own = {row["name"] for row in search_read(client, "ir.module.module", ["name"], wanted)}
    return {name: count for name, count in counted.items() if name not in own | BY_HAND}


def _registered(policy: Policy, what: str, name: str) -> str:
    return next((writer for writer, each in policy.writers.items() if name in getattr(each, what)), "")
