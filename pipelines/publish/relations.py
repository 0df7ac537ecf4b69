"""Pre-check of relations: may these records be tied together, in this Odoo, as far as Odoo says or fails to say.

Domains of fields, companies, taxes, countries and their states, circles among records, VAT numbers by country.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import Any

from pipelines.publish.drafts import PAGE, Asking, Draft, Objections, held
from pipelines.publish.values import Pending
from sources.odoo.client import call, fields_get, read_by_id, search_read

RELATIONS = ("many2one", "many2many")


def check(asking: Asking, drafts: dict[int, Draft], found: Objections) -> None:
    """Add every objection to how the drafts refer to other records."""
    for name, each in asking.policy.owned.items():
        if asking.fields[name]["type"] in RELATIONS and asking.fields[name]["relation"] != "res.company":
            users = _users(name, drafts)
            _within_domain(asking, name, each.where, users, found)
            for column, path in each.states.items():
                _as_stated(asking, name, column, path, drafts, found)
        if each.spelling == "vat" and "vies_valid" not in asking.fields:
            _vat(asking, name, drafts, found)
    for name, each in asking.policy.fields.items():
        if each.agrees and name in asking.fields:
            moved = {n: draft for n, draft in drafts.items() if {name, each.agrees} & draft.values.keys()}
            _agree(asking, name, each.agrees, moved, found)
    _companies(asking, drafts, found)
    if asking.policy.acyclic:
        _circles(asking, *asking.policy.acyclic, drafts, found)


def _users(name: str, drafts: dict[int, Draft]) -> dict[int, list[int]]:
    """Row numbers by id of the record that their drafts refer to through field `name`."""
    users = defaultdict(list)
    for number, draft in drafts.items():
        for one in _ids(draft.values.get(name)):
            users[one].append(number)
    return users


def _ids(value: Any) -> list[int]:
    if isinstance(value, bool) or value is None or isinstance(value, Pending):
        return []
    return value if isinstance(value, list) else [value]


def _within_domain(asking: Asking, name: str, where: list, users: dict[int, list[int]], found: Objections) -> None:
    """Records outside the field's own domain, which Odoo's screens would not offer and its API takes, or of `where`."""
    said, model = asking.fields[name].get("domain"), asking.fields[name]["relation"]
    for domain, whose in ((_plain_domain(said), "Odoo's own choice for it"), (where, "what odoo.yml allows there")):
        outside = set(users) - _matching(asking, model, sorted(users), domain) if domain and users else set()
        for one in sorted(outside):
            for number in users[one]:
                found.add(number, name, f"refers to {model} {one}, which is not among {whose}", "choose another record")


def _plain_domain(said: Any) -> list:
    """A domain that depends on nothing else; the others are for Odoo's screens to evaluate."""
    if isinstance(said, str):
        try:
            said = ast.literal_eval(said)
        except (ValueError, SyntaxError):
            return []
    return [term if isinstance(term, str) else tuple(term) for term in said or []]


def _matching(asking: Asking, model: str, ids: list[int], domain: list) -> set[int]:
    matching = set()
    for start in range(0, len(ids), PAGE):
        wanted = [("id", "in", ids[start : start + PAGE]), *domain]
        matching |= {row["id"] for row in search_read(asking.client, model, ["id"], wanted)}
    return matching


def _agree(asking: Asking, name: str, other: str, drafts: dict[int, Draft], found: Objections) -> None:
    """A relation whose record belongs to another `other` than the draft, such as a state of another country."""
    model = asking.fields[name]["relation"]
    standing = held(asking, drafts, {name, other}) if drafts else {}
    ids = sorted({values[name] for values in standing.values() if isinstance(values.get(name), int)})
    theirs = {row["id"]: row[other] for row in search_read(asking.client, model, [other], [("id", "in", ids)])}
    for number, values in standing.items():
        mine = values.get(name)
        if isinstance(mine, int) and mine in theirs and (values.get(other) or False) != (theirs[mine] or False):
            found.add(
                number, name, f"refers to {model} {mine}, which belongs to another {other}", "correct one of the two"
            )


def _as_stated(asking: Asking, name: str, column: str, path: str, drafts: dict[int, Draft], found: Objections) -> None:
    """A relation whose record is not as golden states, such as a price list that has another currency by now."""
    model, (field, _, key) = asking.fields[name]["relation"], path.partition(".")
    stated = asking.stated.get(column, ())
    standing = {n: values.get(name) for n, values in held(asking, drafts, {name}).items() if n < len(stated)}
    wanted = [("id", "in", sorted({one for one in standing.values() if isinstance(one, int)}))]
    there = {row["id"]: row[field] for row in search_read(asking.client, model, [field], wanted)}
    if key:
        of = fields_get(asking.client, model)[field]["relation"]
        named = search_read(asking.client, of, [key], [("id", "in", sorted({one for one in there.values() if one}))])
        words = {row["id"]: row[key] for row in named}
        there = {one: words.get(value) for one, value in there.items()}
    for number, one in standing.items():
        if one in there and stated[number] is not None and there[one] != stated[number]:
            said = f"refers to {model} {one}, whose {field} is {there[one]}, and golden states {stated[number]}"
            found.add(number, name, said, "mend whichever of the two is wrong")


def _companies(asking: Asking, drafts: dict[int, Draft], found: Objections) -> None:
    """Records of two companies tied together; what has no company may be tied to any, unless Odoo checks that too."""
    names = [name for name in asking.policy.owned if asking.fields[name]["type"] in RELATIONS]
    touching = {n: draft for n, draft in drafts.items() if any(_ids(draft.values.get(name)) for name in names)}
    if not touching or not _several(asking):
        return
    standing = held(asking, touching, {*names, "company_id"})
    company_of = {name: _company_of(asking, name, standing) for name in names if name != "company_id"}
    computed = bool(asking.fields.get("company_id", {}).get("depends"))
    allowed = call(asking.client, "res.users", "read", [asking.client.uid], fields=["company_ids"])[0]["company_ids"]
    for number, values in standing.items():
        own = None if computed else values.get("company_id")
        if own and own not in allowed:
            said = f"is company {own}, which {asking.client.login} may not act for"
            found.add(number, "company_id", said, "add the company to this user")
        for name, companies in company_of.items():
            for one in _ids(values.get(name)):
                theirs = companies.get(one)
                if theirs and own and theirs != own:
                    said = f"refers to a record of company {theirs}, the record itself belongs to company {own}"
                    found.add(number, name, said, "choose one of the same company")
                elif theirs and not own and not computed and _checked(asking, name):
                    said = f"refers to a record of company {theirs}, the record itself belongs to all companies"
                    found.add(number, name, said, "give the record that company, or choose one of all companies")
                own = own or (theirs if computed else None)


def _several(asking: Asking) -> bool:
    """Whether this Odoo has more than one company; asked once per connection."""
    remembered = asking.client.remembered
    if "companies" not in remembered:
        remembered["companies"] = call(asking.client, "res.company", "search_count", domain=[])
    return remembered["companies"] > 1


def _company_of(asking: Asking, name: str, standing: dict[int, dict[str, Any]]) -> dict[int, int | None]:
    model = asking.fields[name]["relation"]
    ids = sorted({one for values in standing.values() for one in _ids(values.get(name))})
    if not ids or "company_id" not in fields_get(asking.client, model, ("type",)):
        return {}
    found = {}
    for start in range(0, len(ids), PAGE):
        rows = search_read(asking.client, model, ["company_id"], [("id", "in", ids[start : start + PAGE])])
        found |= {row["id"]: row["company_id"] or None for row in rows}
    return found


def _checked(asking: Asking, name: str) -> bool:
    """Whether Odoo itself compares companies on this field: its domain then speaks of them."""
    said = asking.fields[name].get("domain")
    return isinstance(said, str) and "company" in said


def _vat(asking: Asking, name: str, drafts: dict[int, Draft], found: Objections) -> None:
    """Numbers that Odoo's VAT module would refuse: without that module Odoo takes anything. No country, no check."""
    touching = {n: draft for n, draft in drafts.items() if draft.values.get(name)}
    if not touching:
        return
    standing = held(asking, touching, {name, "country_id"})
    countries = sorted({values["country_id"] for values in standing.values() if values.get("country_id")})
    rows = search_read(asking.client, "res.country", ["code"], [("id", "in", countries)])
    code_of = {row["id"]: row["code"] for row in rows}
    for number, values in standing.items():
        country = code_of.get(values.get("country_id"))
        if country and not _valid(values[name], country):
            found.add(number, name, f"is no VAT number of {country}", "correct it at its source")


def _valid(number: str, country: str) -> bool:
    # Loaded where a VAT number is written, which few plans do.
    from stdnum.util import get_cc_module

    prefix = number[:2].upper()
    abroad = get_cc_module(prefix.lower().replace("el", "gr"), "vat") if prefix.isalpha() else None
    if abroad and abroad.is_valid(number):
        return True
    own = get_cc_module(country.lower(), "vat")
    return own is None or own.is_valid(number) or number == "/"


def _circles(asking: Asking, start: str, end: str, drafts: dict[int, Draft], found: Objections) -> None:
    """Drafts that close a circle of records, such as price lists each of which rests on the next."""
    touching = {n: draft for n, draft in drafts.items() if draft.values.get(end)}
    if not touching:
        return
    replaced = {draft.odoo_id for draft in touching.values()}
    leads = defaultdict(set)
    asked = [name for name in (start, end) if name != "id"]
    for page in read_by_id(asking.client, asking.model, asked, [(end, "!=", False)]):
        for row in page:
            if row["id"] not in replaced:
                leads[row[start]].add(row[end])
    for number, values in held(asking, touching, {start, end}).items():
        here = touching[number].odoo_id if start == "id" else values.get(start)
        if here is not None and _reaches(leads, values[end], here):
            found.add(number, end, f"closes a circle of {start}", "let one of them rest on nothing")
        else:
            leads[here].add(values[end])


def _reaches(leads: dict[Any, set[Any]], start: Any, goal: Any) -> bool:
    waiting, seen_ones = [start], set()
    while waiting:
        one = waiting.pop()
        if one == goal:
            return True
        if one not in seen_ones:
            seen_ones.add(one)
            waiting += leads.get(one, ())
    return False
