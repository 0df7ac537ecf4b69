"""The rehearsal: Odoo carries out a write under the caller's own rights, says what it kept, and takes it back.

The code of the server action stands here; `sources.odoo.actions` provisions and calls it.
"""

from __future__ import annotations

# One attempt for all; what Odoo refuses is halved until the culprits stand alone. Each attempt ends with a rollback to
# its savepoint. No functions that close over names: Odoo forbids the opcodes.
REHEARSE = """
def plain(value):
    if value in (None, "", []):
        return False
    if isinstance(value, list):
        return sorted(value)
    return str(value)[:19] if isinstance(value, datetime.date) else value

items = env.context["assay_items"]
target = model.with_context({k: v for k, v in env.context.items() if k[:6] not in ("assay_", "active")})
said = {}
waiting = [list(range(len(items)))]
while waiting:
    some = waiting.pop()
    problem = False
    point = env.cr.savepoint()
    try:
        fresh = [n for n in some if not items[n]["id"]]
        ids = {}
        for n, record in zip(fresh, target.create([dict(items[n]["values"]) for n in fresh])):
            ids[n] = record.id
        for n in some:
            if items[n]["id"]:
                ids[n] = items[n]["id"]
                target.browse(ids[n]).write(dict(items[n]["values"]))
        env.flush_all()
        env.invalidate_all()
        names = sorted({name for n in some for name in items[n]["values"]})
        kept = {row["id"]: row for row in target.browse(list(ids.values())).read(names, load=None)}
        for n in some:
            row = kept[ids[n]]
            differs = {}
            for name, value in items[n]["values"].items():
                if plain(row[name]) != plain(value):
                    differs[name] = plain(row[name])
            said[n] = {"problem": False, "differs": differs}
    except Exception as error:
        problem = str(error) or "refused without a reason"
    point.close()
    if problem and len(some) == 1:
        said[some[0]] = {"problem": problem, "differs": {}}
    elif problem:
        half = len(some) // 2
        waiting += [some[:half], some[half:]]
action = {"items": [said[n] for n in range(len(items))]}
"""
