"""Runs inside Odoo as a server action, never here: see merging.py. `env`, `model`, `datetime`, `UserError` are Odoo's.

Odoo's sandbox knows no imports and no closures. `POLICY`, what this action may touch, is set before the first line.
Fields that Odoo would compute anew from a reference, such as the payment terms of an order, are protected while it
moves; what Odoo derives and nobody can edit follows.
"""

# ruff: noqa: F821

POINTER, RUN = "x_assay_merged_into", "x_assay_run"
ADDRESS = ["street", "street2", "zip", "city", "state_id", "country_id"]
COMMERCIAL = ["vat", "company_registry", "industry_id"]
QUIET = {
    "active_test": False,
    "tracking_disable": True,
    "mail_notrack": True,
    "mail_create_nosubscribe": True,
    "mail_auto_subscribe_no_notify": True,
    "skip_is_manually_modified": True,
    "dont_notify": True,
    "mail_activity_automation_skip": True,
    "mail_create_nolog": True,
}
told = env.context["assay_merge"]
sudo = (
    env["res.users"]
    .sudo()
    .with_context({k: v for k, v in env.context.items() if k[:6] not in ("assay_", "active")} | QUIET)
    .env
)
target = sudo[model._name]
# What the records that are merged say themselves is written under the caller's own rights.
own = env["res.users"].with_context(sudo.context).env[model._name]
MINE = ["active", POINTER] + POLICY["clears"]


def kind_of(Model, name):
    return Model._fields[name].type


def within(Model, name, ids):
    kind = kind_of(Model, name)
    if kind == "many2one_reference":
        return [(Model._fields[name].model_field, "=", target._name), (name, "in", ids)]
    if kind == "reference":
        return [(name, "in", [target._name + "," + str(one) for one in ids])]
    return [(name, "in", ids)]


def holders(value):
    if isinstance(value, str):
        return [int(value.split(",")[1])]
    return value if isinstance(value, list) else [value]


def everything():
    fields = sudo["ir.model.fields"]
    relations = [("relation", "=", target._name), ("ttype", "in", ["many2one", "many2many"])]
    found = []
    for row in fields.search(relations + [("store", "=", True)], order="model, name"):
        found.append((row.model, row.name))
    loose = [("ttype", "in", ["many2one_reference", "reference"]), ("store", "=", True)]
    for row in fields.search(loose, order="model, name"):
        found.append((row.model, row.name))
    real = []
    for name, field in found:
        Model = sudo.get(name)
        if Model is None or not Model._auto or Model._abstract or Model._transient or field == POINTER:
            continue
        known = Model._fields.get(field)
        if known and (known.type != "many2one_reference" or known.model_field):
            real.append((name, field))
    return real


def may(name, field):
    rule = POLICY["moves"].get(name)
    return rule if rule and field in rule["fields"] and name in sudo and field in sudo[name]._fields else None


def unique_sets(name, field):
    sets = []
    for row in sudo["ir.model.constraint"].search([("model.model", "=", name), ("definition", "ilike", "unique")]):
        inside = row.definition.split("(", 1)[-1].split(")")[0]
        columns = [one.strip().strip('"') for one in inside.split(",")]
        if field in columns and all(map(sudo[name]._fields.get, columns)):
            columns.remove(field)
            sets.append(columns)
    extra = POLICY["moves"][name].get("unique")
    return sets + ([extra] if extra else [])


def pick(values, names):
    picked = {}
    for name in names:
        picked[name] = values[name]
    return picked


def plain(value):
    known = bool, int, float, str, datetime.date
    return value if value is None or isinstance(value, known) else value.id


def destined(Model, row, column, into):
    # Where the row's other reference goes with the same merges: a contact may follow itself.
    value = plain(row[column])
    if not may(Model._name, column) or value not in into:
        return value
    named = Model._fields[column].model_field if kind_of(Model, column) == "many2one_reference" else ""
    return into[value] if not named or row[named] == target._name else value


def clash(Model, row, field, survivor, sets, taken, into):
    if kind_of(Model, field) == "many2many":
        key = (Model._name, row.id, field, survivor)
        there = survivor in row[field].ids or key in taken
        taken.add(key)
        return there
    for columns in sets:
        domain = within(Model, field, [survivor])
        key = [Model._name, field, survivor]
        for column in columns:
            value = destined(Model, row, column, into)
            key.append((column, value))
            domain.append((column, "in", [value, plain(row[column])]))
        if tuple(key) in taken or Model.search_count(domain + [("id", "!=", row.id)], limit=1):
            return True
        taken.add(tuple(key))
    return False


def add(counts, holder, number):
    for one in holders(holder):
        counts[str(one)] = counts.get(str(one), 0) + number


def count(Model, field, domain):
    counts = {}
    if kind_of(Model, field) == "many2one":
        for holder, number in Model._read_group(domain, [field], ["__count"]):
            add(counts, holder.id, number)
    else:
        for values in Model.search(domain).read([field], load=None):
            add(counts, values[field], 1)
    return counts


def rewritten(rule):
    return rule.get("along", []) + list(rule.get("sets", {}))


def rows_to_move(Model, field, rule, into):
    moving = Model.search(within(Model, field, sorted(into)) + rule.get("only", []), order="id")
    sets, taken, along, rows = [], set(), [], []
    if field in rule.get("fields", []):
        sets, along = unique_sets(Model._name, field), rewritten(rule)
    for row, values in zip(moving, moving.read([field] + along, load=None), strict=True):
        for holder in holders(values[field]):
            if holder in into:
                state = "moves" if rule else "follows"
                if rule and clash(Model, row, field, into[holder], sets, taken, into):
                    state = "clashes"
                rows.append([row.id, holder, state, pick(values, along)])
    return rows


def survey():
    into = {}
    for survivor, losers in told["clusters"]:
        for loser in losers:
            into[loser] = survivor
    ids, answer = sorted(set(into) | set(into.values())), []
    for name, field in everything():
        Model, rule = sudo[name], may(name, field)
        entry = {"model": name, "field": field, "rows": [], "counts": {}, "blocks": {}}
        if rule or field in POLICY["follows"].get(name, []):
            entry["rows"] = rows_to_move(Model, field, rule or {}, into)
            if rule and rule.get("only"):
                stay = within(Model, field, sorted(into)) + ["!"] + conjunction(rule["only"])
                entry["counts"] = count(Model, field, stay)
        else:
            entry["counts"] = count(Model, field, within(Model, field, ids))
        if name + "." + field in POLICY["blocks"]:
            entry["blocks"] = count(Model, field, within(Model, field, ids) + POLICY["blocks"][name + "." + field])
        if entry["rows"] or entry["counts"]:
            answer.append(entry)
    return answer


def conjunction(domain):
    return ["&"] * (len(domain) - 1) + domain


def kept_by_odoo(Model, names):
    found = []
    for field in Model._fields.values():
        if field.store and field.compute and not field.readonly and not field.related and field.name not in names:
            found.append(field)
    return found


def followers():
    # Rows that are to follow, with what Odoo would compute anew on them besides: the line of an order, say, would take
    # the analytic accounts of the survivor, and keep them when the merge is undone.
    rows, found = {}, []
    for name, field, row in told.get("cells", []):
        if field in POLICY["follows"].get(name, []):
            rows.setdefault(name, []).append(row)
    for name in rows:
        found.append((kept_by_odoo(sudo[name], POLICY["follows"][name]), sudo[name].browse(rows[name])))
    return found


following = followers()


def write(records, values):
    records.write(values)
    records.env.flush_all()


def write_alone(records, values):
    # Beside the model's own write, which for a contact would carry address and VAT number on to its company.
    names = list(values)
    records.modified(names, before=True)
    for name in names:
        records._fields[name].write(records, values[name])
    records.modified(names)
    records.env.flush_all()


def written(Model, records, values):
    rule = POLICY["moves"].get(Model._name, {})
    way = write_alone if rule.get("alone") else write
    kept = [(kept_by_odoo(Model, values), records)] + following
    records.env.protecting(kept)(way)(records, values)


def given(row, parent, names):
    # What Odoo gives a contact of its company, of the fields that the plan names.
    values = {}
    if row.type == "contact":
        for name in ADDRESS:
            if parent[name]:
                values |= pick(parent, ADDRESS)
    if not row.is_company:
        for name in COMMERCIAL:
            if parent.commercial_partner_id[name]:
                values[name] = parent.commercial_partner_id[name]
    wanted = {}
    for name in values:
        if name in names and plain(row[name]) != plain(values[name]):
            wanted[name] = plain(values[name])
    return wanted


def point(cells, to, back):
    # cells: [model, field, row, holder now]. Rows that no longer say so are somebody else's now and stay.
    by_row = {}
    for name, field, row, holder in cells:
        rule = may(name, field)
        if not rule:
            raise UserError(f"{name}.{field} may not be moved")
        by_row.setdefault(name, {}).setdefault(row, []).append((field, holder))
    for name in POLICY["moves"]:
        Model, rule = sudo.get(name), POLICY["moves"][name]
        rows = Model.browse(sorted(by_row.get(name, {}))).exists() if Model is not None else []
        if not rows:
            continue
        rows.lock_for_update(allow_referencing=True)
        groups = {}
        for row in rows:
            values = {}
            for field, holder in by_row[name][row.id]:
                now, new = row[field], to[holder]
                kind = kind_of(Model, field)
                if kind == "many2many":
                    if holder in now.ids and new not in now.ids:
                        if rule.get("by"):
                            target.browse(holder).write({rule["by"]: [(3, row.id)]})
                            target.browse(new).write({rule["by"]: [(4, row.id)]})
                        else:
                            values[field] = [(3, holder), (4, new)]
                elif kind == "reference":
                    if now and now._name == target._name and now.id == holder:
                        values[field] = target._name + "," + str(new)
                elif plain(now) == holder and (
                    kind == "many2one" or row[Model._fields[field].model_field] == target._name
                ):
                    values[field] = new
                    if not back:
                        for own, theirs in rule.get("sets", {}).items():
                            values[own] = plain(target.browse(new)[theirs])
            if values:
                key = str(sorted(values.items()))
                groups.setdefault(key, [values, Model.browse()])[1] |= row
        for values, records in groups.values():
            written(Model, records, values)


def note(records, text):
    for record in records:
        if "message_ids" in record._fields:
            record._message_log(body=text)


def allowed(names):
    for name in names:
        if name not in MINE:
            raise UserError(f"{target._name}.{name} may not be written")
    return names


def merge():
    survivor = target.browse(told["survivor"]).exists()
    losers = target.browse([one["id"] for one in told["losers"]]).exists()
    if not survivor or len(losers) != len(told["losers"]):
        return "gone", "a record of the cluster was deleted"
    (survivor | losers).lock_for_update(allow_referencing=True)
    ours = losers.filtered_domain([(POINTER, "=", survivor.id), (RUN, "=", told["run"])])
    if ours == losers:
        return "done", ""
    if any([one[POINTER] for one in losers]) or not survivor.active:
        return "conflict", "merged or archived by somebody since the plan"
    # Undone, a merge that was taken back is made again for what it moved; what came since stays where it is.
    strict = told["left"] is not None
    known = {(name, field, row, holder) for name, field, row, holder in told["moves"] + (told["left"] or [])}
    to, alongside = dict.fromkeys(losers.ids, survivor.id), {}
    for name, field, row, value in told["along"]:
        record = sudo[name].browse(row).exists()
        if record and (plain(record[field]) or False) == (value or False):
            alongside.setdefault((name, row), []).append(field)
        elif record and strict:
            return "conflict", f"{field} of {name} {row} was changed since the plan; plan again"
    for name, rule in POLICY["moves"].items():
        for field in rule["fields"]:
            if not strict or not may(name, field):
                continue
            Model = sudo[name]
            found = Model.search(within(Model, field, losers.ids) + rule.get("only", []))
            for values in found.read([field], load=None):
                for holder in holders(values[field]):
                    if holder in to and (name, field, values["id"], holder) not in known:
                        return "conflict", f"a new {name} points at record {holder} since the plan; plan again"
    point(told["moves"], to, False)
    for name, field, row, _loser in told["moves"]:
        record = sudo[name].browse(row).exists()
        if may(name, field).get("alone") and record and record[field] == survivor:
            values = given(record, survivor, alongside.get((name, row), []))
            written(record, record, values)
    for one in told["losers"]:
        values = dict.fromkeys(allowed(one["clears"]), False)
        own.browse(one["id"]).write(values | {"active": False, POINTER: survivor.id, RUN: told["run"]})
    stands, run = survivor.display_name, told["run"]
    note(losers, f"Merged into {stands} ({target._name} {survivor.id}) by Assay, run {run}; its history stays here.")
    names, ids = ", ".join(losers.mapped("display_name")), ", ".join(map(str, losers.ids))
    note(survivor, f"Assay merged {names} ({ids}) into this record, run {run}.")
    return "done", ""


def restore():
    losers = target.browse([one["id"] for one in told["losers"]]).exists()
    survivor = target.browse(told["survivor"]).exists()
    if not losers or not survivor:
        return "gone", "a record of the cluster was deleted"
    (survivor | losers).lock_for_update(allow_referencing=True)
    back = target.browse()
    for one in told["losers"]:
        record = target.browse(one["id"])
        if record not in losers:
            continue
        values = {}
        allowed(one["values"])
        for name, (wrote, before) in one["values"].items():
            if (plain(record[name]) or False) == (wrote or False):
                values[name] = before
        if values:
            own.browse(record.id).write(values | {RUN: told["run"]})
            back |= record if POINTER in values else back
    by_loser = {}
    for name, field, row, loser in told["moves"]:
        by_loser.setdefault(loser, []).append([name, field, row, survivor.id])
    for loser, cells in by_loser.items():
        if loser in losers.ids:
            point(cells, {survivor.id: loser}, True)
    for name, field, row, wrote, before in told["along"]:
        rule = POLICY["moves"].get(name, {})
        if field not in rewritten(rule):
            raise UserError(f"{name}.{field} may not be written")
        record = sudo[name].browse(row).exists()
        if record and (plain(record[field]) or False) == (wrote or False):
            written(sudo[name], record, {field: before})
    note(back, f"Assay undid the merge into {target._name} {survivor.id}, run {told['run']}.")
    return "done", ""


def look(cells):
    asked, values = {}, {}
    for name, field, row in cells:
        rule = POLICY["moves"].get(name, {})
        mine = rule.get("fields", []) + rewritten(rule) + POLICY["follows"].get(name, [])
        if field not in mine and not (name == target._name and field in MINE):
            raise UserError(f"{name}.{field} may not be read")
        asked.setdefault((name, field), []).append(row)
    for (name, field), rows in asked.items():
        for row in sudo[name].browse(sorted(set(rows))).exists().read([field], load=None):
            values[(name, field, row["id"])] = row[field]
    answer = []
    for name, field, row in cells:
        answer.append([(name, field, row) in values, values.get((name, field, row))])
    return answer


if told["mode"] == "survey":
    action = {"state": "done", "references": survey()}
else:
    state, problem = merge() if told["mode"] == "merge" else restore() if told["mode"] == "restore" else ("done", "")
    sudo.flush_all()
    sudo.invalidate_all()
    action = {"state": state, "problem": problem, "cells": look(told["cells"]) if state == "done" else []}
