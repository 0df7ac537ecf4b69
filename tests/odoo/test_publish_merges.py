"""Merging people inside a used Odoo: one active record each, everything reachable from either id, all of it undone."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from pipelines import lineage
from pipelines.publish import aliases, merges, report, shown
from pipelines.publish.approve import approve
from pipelines.publish.policy import load_policy
from pipelines.publish.receipts import by_record, find_run
from pipelines.publish.refusal import PublishRefused
from sources.odoo import access, actions, merging
from sources.odoo.client import call, search_read
from sources.odoo.errors import OdooDenied, OdooRejected
from sources.odoo.merging import MERGED_INTO
from tests.odoo import postgres
from tests.odoo.exporting import changes, export, vanished
from tests.odoo.publishing import NOW, Shop, intercepting

PEOPLE = {
    "C-anna": ["anna_card", "anna_till", "anna_web", "anna_married", "anna_desk"],
    "C-twin": ["ana_twin"],
    "C-boris": ["boris_1", "boris_2"],
    "C-firm": ["firm_1", "firm_2"],
    "C-eva": ["follower_1", "follower_2"],
    "C-greta": ["portal_1", "portal_2"],
    "C-hana": ["plain_1", "plain_2"],
}
FORBIDDEN = {
    "C-filip": (["clerk_1", "clerk_2"], "it belongs to an active user and so does the one"),
    "C-swap": (["portal_2", "portal_1"], "it belongs to an active user; let that one stand for all"),
    "C-ciril": (["company_1", "company_2"], "they belong to different companies"),
    "C-beta": (["taxed_1", "taxed_2"], "different VAT numbers"),
    "C-delta": (["holding", "holding_branch"], "is a contact or address of"),
    "C-ivo": (["staff_1", "staff_2"], "it is the contact of an employee; let that one stand for all"),
    "C-mixed": (["plain_1", "firm_1"], "one is a person and one a company"),
}
DERIVED = {"common_name", "res_name", "invoice_partner_display_name"}
PAIRS = {
    "account_reconcile_model_res_partner_rel",
    "calendar_event_res_partner_rel",
    "res_partner_res_partner_category_rel",
}


class Interrupted(BaseException):
    """The process ends here."""


@pytest.fixture
def shop(used_odoo, tmp_path) -> Shop:
    objects = load_policy().objects
    objects = {name: each.model_copy(update={"merge": True}) for name, each in objects.items()}
    return Shop.of(used_odoo, tmp_path, load_policy().model_copy(update={"objects": objects}))


def golden(shop: Shop, used_odoo, clusters: dict[str, list[str]]) -> None:
    """Golden people as the publish model has them: bound to the first record of each, with the name that is there."""
    named = {row["id"]: row["name"] for row in search_read(shop.admin, "res.partner", ["name"])}
    members = {golden_id: [used_odoo.ids["partners"][key] for key in keys] for golden_id, keys in clusters.items()}
    rows = [{"golden_id": g, "odoo_id": ids[0], "odoo_ids": ids, "name": named[ids[0]]} for g, ids in members.items()]
    shop.golden("res_partner", rows)


def linked(shop: Shop, used_odoo, clusters: dict[str, list[str]] = PEOPLE) -> None:
    """The clusters are bound to Odoo and nothing is merged: what a policy without merges leaves behind."""
    golden(shop, used_odoo, clusters)
    plain = replace(shop, policy=load_policy())
    plan = plain.approved(objects=["res_partner"])
    assert not plain.lines(plan, "merge", "unmerge")
    plain.apply(plan)


def found_under(shop: Shop, record: int) -> set[str]:
    """Orders, receipts of the till, invoices, points and leads that name the record in Odoo."""
    models = ("sale.order", "pos.order", "account.move", "loyalty.card", "crm.lead")
    return {
        f"{model}/{row['id']}"
        for model in models
        for row in search_read(shop.admin, model, [], [("partner_id", "=", record)])
    }


def dying_at(shop: Shop, number: int) -> Shop:
    """The shop whose process ends when Odoo has carried out its merge `number`, before the ledger hears of it."""
    left = [number]

    def around(send, model, method, ids, context, *rest):
        answer = send(model, method, ids, context, *rest)
        if context.get("assay_merge", {}).get("mode") in ("merge", "restore"):
            left[0] -= 1
            if not left[0]:
                raise Interrupted
        return answer

    return replace(shop, client=intercepting(shop.client, around))


def test_merges_survive_a_kill_have_a_receipt_for_every_reference_and_are_undone_whole(shop, used_odoo):
    # A contact takes the address of the company that it is moved to.
    call(shop.admin, "res.partner", "write", [used_odoo.ids["partners"]["firm_1"]], vals={"street": "Main 1"})
    # Another connector knows a duplicate by an id of its own.
    theirs = {
        "module": "shop",
        "name": "customer_77",
        "model": "res.partner",
        "res_id": used_odoo.ids["partners"]["anna_web"],
    }
    alias = call(shop.admin, "ir.model.data", "create", vals_list=[theirs])
    linked(shop, used_odoo)
    ids, before = used_odoo.ids["partners"], export(used_odoo.db)
    anna = [ids[key] for key in PEOPLE["C-anna"]]
    everything = {n: found_under(shop, n) for n in anna}
    plan = shop.approved(objects=["res_partner"])
    assert changes(before, export(used_odoo.db)) == {}
    send = shop.client.send
    with pytest.raises(Interrupted):
        dying_at(shop, 3).apply(plan)
    shop.client.send = send
    run = shop.apply(plan)
    assert run.outcomes == {"done": 6}
    merged = export(used_odoo.db)
    assert not vanished(before, merged)

    receipts = [(r.object.replace(".", "_"), r.odoo_id, r.field) for r in shop.receipts(run.run_id)]
    changed = {
        (table, *cell) for table, cells in changes(before, merged).items() if table not in PAIRS for cell in cells
    }
    assert {cell for cell in changed if cell[2] not in DERIVED} == {cell for cell in receipts if "[" not in cell[2]}
    regulars = search_read(shop.admin, "account.reconcile.model", [], [("name", "=", "Regulars")])[0]["id"]
    assert sorted(cell for cell in receipts if "[" in cell[2]) == [
        ("account_reconcile_model", regulars, f"match_partner_ids[{ids['anna_web']}]"),
        ("calendar_event", 1, f"partner_ids[{ids['anna_married']}]"),
        ("res_partner_category", 1, f"partner_ids[{ids['anna_web']}]"),
    ]
    with shop.ledger.connect() as connection:
        records = by_record(shop.ledger, find_run(connection, run.run_id))
    told = [shown.published(shop.policy, rows) for rows in records]
    assert {(row.object, row.field) for rows in told for row in rows} == {("res_partner", "active")}
    desk = {field for name, record, field in receipts if (name, record) == ("res_partner", ids["firm_2_desk"])}
    assert desk == {"parent_id", "commercial_partner_id", "street"}
    assert call(shop.admin, "ir.model.data", "read", alias, fields=["res_id"])[0]["res_id"] == ids["anna_card"]
    active = {row["id"] for row in search_read(shop.admin, "res.partner", [], [("active", "=", True)])}
    assert [n for n in anna if n in active] == [ids["anna_card"]]
    assert ids["ana_twin"] in active
    posted = f"account.move/{used_odoo.ids['invoices']['anna_card']}"
    assert found_under(shop, ids["anna_card"]) == set().union(*everything.values())
    assert posted in everything[ids["anna_card"]]
    assert found_under(shop, ids["boris_2"]) == {
        f"account.move/{row['id']}"
        for row in search_read(
            shop.admin, "account.move", [], [("partner_id", "=", ids["boris_2"]), ("state", "=", "posted")]
        )
    }
    assert shop.verify(run.run_id).passed
    assert shop.plan(objects=["res_partner"]).empty

    merged_away = [(name, old, into) for name, old, into, _ in aliases.of_golden(shop.settings, "C-anna")]
    assert merged_away == [("res_partner", n, ids["anna_card"]) for n in sorted(anna) if n != ids["anna_card"]]
    told = list(lineage.odoo_field(shop.settings, f"res.partner/{ids['anna_web']}"))
    assert told[0].startswith(f"res.partner/{ids['anna_web']} was merged into res.partner/{ids['anna_card']} in run")
    with pytest.raises(Interrupted):
        dying_at(shop, 2).undo(run.run_id)
    shop.client.send = send
    undone = shop.undo(run.run_id)
    assert (undone.outcomes, undone.exceptions) == ({"done": 6}, [])
    after = export(used_odoo.db)
    assert not vanished(before, after)
    assert changes(before, after) == {}
    assert len(shop.receipts(undone.run_id)) == len(receipts)
    assert "was merged into" not in next(lineage.odoo_field(shop.settings, f"res.partner/{ids['anna_web']}"))


def test_a_plan_tells_what_would_move_what_stays_and_what_forbids_a_merge(shop, used_odoo):
    ids = used_odoo.ids["partners"]
    allowed = {name: PEOPLE[name] for name in ("C-anna", "C-boris", "C-eva")}
    model = search_read(shop.admin, "ir.model", [], [("model", "=", "crm.lead")])[0]["id"]
    more = {
        "name": "x_second",
        "model_id": model,
        "ttype": "many2one",
        "relation": "res.partner",
        "field_description": "x",
    }
    call(shop.admin, "ir.model.fields", "create", vals_list=[more])
    lead = used_odoo.ids["leads"]["watched"]
    companies = call(shop.admin, "res.company", "search", domain=[])
    call(shop.admin, "res.users", "write", [shop.client.uid], vals={"company_ids": [[6, 0, companies]]})
    call(shop.admin, "crm.lead", "write", [lead], vals={"x_second": ids["anna_web"]})
    linked(shop, used_odoo, allowed | {name: keys for name, (keys, _) in FORBIDDEN.items()})
    plan = shop.plan(objects=["res_partner"])
    held = {line.golden_id: line.reason for line in shop.lines(plan, "hold")}
    assert {name: why in held.get(name, "") for name, (_, why) in FORBIDDEN.items()} == dict.fromkeys(FORBIDDEN, True)
    impact = plan.summary["objects"]["res_partner"]["merges"]
    assert (impact["clusters"], impact["archived"]) == (3, 6)
    assert impact["moves"]["sale.order.partner_id"] == 3
    assert impact["moves"]["pos.order.partner_id"] == 2
    assert impact["clashes"] == {
        "calendar.event.partner_ids": 1,
        "calendar.filters.partner_id": 1,
        "mail.followers.partner_id": 1,
    }
    assert impact["stays"]["account.move.partner_id: a posted document names whom it was issued to"] == 2
    assert impact["stays"]["crm.lead.x_second: not in references.yml: review it and say there what becomes of it"] == 1

    console = Console(record=True, width=200, file=io.StringIO())
    report.show_plan(console, shop.settings, plan)
    shown = console.export_text()
    assert "res_partner: 3 merges archive 6 records" in shown
    assert "stays 2 account.move.partner_id: a posted document names whom it was issued to" in shown

    tight = shop.policy.objects["res_partner"]
    tight = tight.model_copy(update={"caps": tight.caps.model_copy(update={"archived": 5, "moved": 10})})
    careful = replace(
        shop, policy=shop.policy.model_copy(update={"objects": {**shop.policy.objects, "res_partner": tight}})
    )
    with pytest.raises(PublishRefused, match=r"would archive 6 records.* would move \d+ references"):
        approve(careful.settings, careful.plan(objects=["res_partner"]).plan_id, "eva", NOW)


def test_every_reference_of_the_modules_in_use_is_decided_on_in_the_reviewed_file(used_odoo):
    odoo = used_odoo.client()
    tables = set(postgres.psql("select relname from pg_class where relkind = 'r'", used_odoo.db).split())
    kept = {
        row["model"]
        for row in search_read(odoo, "ir.model", ["model", "transient"])
        if row["model"].replace(".", "_") in tables and not row["transient"]
    }
    fields = search_read(odoo, "ir.model.fields", ["model", "name", "ttype", "relation"], [("store", "=", True)])
    undecided = []
    for model in merging.MODELS:
        told = merging.references()[model].get("follows", {})
        for row in fields:
            named = row["ttype"] in ("many2one", "many2many") and row["relation"] == model
            if (named or row["ttype"] in ("many2one_reference", "reference")) and row["name"] != MERGED_INTO:
                why = merges.why_it_stays(model, row["model"], row["name"])
                if row["model"] in kept and row["name"] not in told.get(row["model"], []) and why == merges.UNKNOWN:
                    undecided.append((model, row["model"], row["name"]))
    assert undecided == []


def test_what_people_did_meanwhile_stays_and_is_listed(shop, used_odoo):
    ids = used_odoo.ids["partners"]
    linked(shop, used_odoo)
    plan = shop.approved(objects=["res_partner"])
    call(shop.admin, "sale.order", "create", vals_list=[{"partner_id": ids["plain_2"]}])
    call(shop.admin, "crm.lead", "write", [used_odoo.ids["leads"]["firm_2"]], vals={"partner_id": ids["ana_twin"]})
    run = shop.apply(plan)
    assert run.outcomes == {"done": 5, "conflict": 1}
    said = {each["golden_id"]: each["detail"] for each in run.exceptions}
    assert "a new sale.order points at record" in said["C-hana"]["problem"]
    assert said["C-firm"]["kept"] == [f"crm.lead/{used_odoo.ids['leads']['firm_2']}.partner_id"]

    used_odoo.human_edit("crm.lead", used_odoo.ids["leads"]["boris_2"], {"partner_id": ids["ana_twin"]})
    used_odoo.human_edit("res.partner", ids["follower_2"], {"active": True})
    held = {line.golden_id: line.reason for line in shop.lines(shop.plan(objects=["res_partner"]), "hold")}
    assert "was un-archived in Odoo since it was merged; kept" in held["C-eva"]
    undone = shop.undo(run.run_id)
    kept = {each["golden_id"]: each["detail"]["kept"] for each in undone.exceptions}
    assert kept == {"C-boris": [f"crm.lead/{used_odoo.ids['leads']['boris_2']}.partner_id"]}
    lead = search_read(shop.admin, "crm.lead", ["partner_id"], [("id", "=", used_odoo.ids["leads"]["boris_2"])])[0]
    assert lead["partner_id"] == ids["ana_twin"]


def test_of_a_chain_of_merges_the_last_is_undone_first(shop, used_odoo):
    ids, parts = used_odoo.ids["partners"], {"C-twin": ["ana_twin"], "C-hana": ["plain_1", "plain_2"]}
    # Each follows its own record, which two fields of one row say: moved, the rows would be the same.
    themselves = [{"res_model": "res.partner", "res_id": ids[key], "partner_id": ids[key]} for key in parts["C-hana"]]
    call(shop.admin, "mail.followers", "create", vals_list=themselves)
    linked(shop, used_odoo, parts)
    before = export(used_odoo.db)
    first = shop.apply(shop.approved(objects=["res_partner"]))
    golden(shop, used_odoo, {"C-twin": ["ana_twin", "plain_1", "plain_2"]})
    second = shop.apply(shop.approved(objects=["res_partner"]))
    assert (first.outcomes, second.outcomes) == ({"done": 1}, {"done": 1})
    whole = found_under(shop, ids["ana_twin"])
    assert f"sale.order/{used_odoo.ids['orders']['plain_2']}" in whole
    said = f"merged into res_partner {ids['plain_1']}, which {second.run_id} has merged into {ids['ana_twin']}"
    with pytest.raises(PublishRefused, match=f"{said}; undo {second.run_id} first"):
        shop.undo(first.run_id)
    assert found_under(shop, ids["ana_twin"]) == whole
    for run in (second, first):
        assert shop.undo(run.run_id).exceptions == []
    assert changes(before, export(used_odoo.db)) == {}


@pytest.mark.parametrize("used_odoo", ["real-jsonrpc"], indirect=True)
def test_a_cluster_that_golden_splits_gets_its_references_back_by_receipt(shop, used_odoo):
    ids = used_odoo.ids["partners"]
    linked(shop, used_odoo)
    before = export(used_odoo.db)
    shop.apply(shop.approved(objects=["res_partner"]))
    split = PEOPLE | {"C-anna": [key for key in PEOPLE["C-anna"] if key != "anna_web"], "C-other": ["anna_web"]}
    golden(shop, used_odoo, split)
    run = shop.publish()
    assert shop.verify(run.run_id).passed
    after = export(used_odoo.db)
    web = ids["anna_web"]
    orders = {f"sale.order/{used_odoo.ids['orders']['anna_web']}", f"crm.lead/{used_odoo.ids['leads']['anna_web']}"}
    assert found_under(shop, web) == orders | {f"account.move/{used_odoo.ids['invoices']['anna_draft']}"}
    back = {table: {cell for cell in cells if cell[0] == web} for table, cells in changes(before, after).items()}
    assert back["res_partner"] == {(web, "x_assay_id")}
    assert shop.plan(objects=["res_partner"]).empty
    undone = shop.undo(run.run_id)
    assert (undone.outcomes, undone.exceptions) == ({"done": 1}, [])
    assert search_read(shop.admin, "res.partner", ["active", MERGED_INTO], [("id", "=", web)])[0] == {
        "id": web,
        "active": False,
        MERGED_INTO: ids["anna_card"],
    }


def test_the_action_writes_nothing_that_the_reviewed_file_does_not_name(used_odoo):
    odoo, ids = used_odoo.client(), used_odoo.ids["partners"]
    action, loser = actions.merge_action(odoo, "res.partner"), ids["boris_2"]
    order = {"run": "x", "survivor": ids["boris_1"], "moves": [], "along": [], "cells": []}
    for model, field in (("res.users", "partner_id"), ("account.payment", "partner_id"), ("sale.order", "user_id")):
        moves = {"moves": [[model, field, 1, loser]], "losers": [{"id": loser, "values": {}}]}
        with pytest.raises(OdooRejected, match=f"{model}.{field} may not be moved"):
            merging.restore(odoo, action, "res.partner", order | moves)
    values = {"losers": [{"id": loser, "values": {"email": ["boris@example.com", "eve@example.com"]}}]}
    with pytest.raises(OdooRejected, match="res.partner.email may not be written"):
        merging.restore(odoo, action, "res.partner", order | values)
    along = {"losers": [{"id": loser, "values": {}}], "along": [["sale.order", "note", 1, False, "x"]]}
    with pytest.raises(OdooRejected, match="sale.order.note may not be written"):
        merging.restore(odoo, action, "res.partner", order | along)
    with pytest.raises(OdooRejected, match="res.users.login may not be read"):
        merging.look(odoo, action, "res.partner", [["res.users", "login", 2]])


def test_the_publisher_merges_across_models_that_he_may_not_write_and_nobody_else_may(shop, used_odoo):
    order = used_odoo.ids["orders"]["boris_2"]
    with pytest.raises(OdooDenied):
        call(shop.client, "sale.order", "write", [order], vals={"partner_id": used_odoo.ids["partners"]["boris_1"]})
    action = actions.merge_action(shop.admin, "res.partner")
    for nobody in (used_odoo.human(), used_odoo.least(access.READER)):
        with pytest.raises(OdooDenied):
            merging.survey(nobody, action, "res.partner", [])


@pytest.mark.parametrize("odoo_target", ["embedded"], indirect=True)
def test_an_odoo_without_the_merge_action_says_so_and_publishes_the_rest(odoo_target, tmp_path):
    objects = {name: each.model_copy(update={"merge": True}) for name, each in load_policy().objects.items()}
    shop = Shop(tmp_path, odoo_target.client(), load_policy().model_copy(update={"objects": objects}))
    made = call(shop.client, "res.partner", "create", vals_list=[{"name": "Anna"}, {"name": "Anna"}])
    shop.golden("res_partner", [{"golden_id": "C-1", "odoo_id": made[0], "odoo_ids": made, "name": "Anna"}])
    plan = shop.approved(objects=["res_partner"])
    assert "no merge action" in plan.summary["objects"]["res_partner"]["merges"]["not supported"]
    assert shop.apply(plan).outcomes == {"done": 1}
    assert all(row["active"] for row in search_read(shop.client, "res.partner", ["active"], [("id", "in", made)]))
