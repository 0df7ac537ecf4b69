"""The used Odoo is in use: what the tests that stand on it take for granted."""

from sources.odoo.client import call, search_read

IN_USE = {
    "account.move": [("state", "=", "posted"), ("payment_state", "in", ["paid", "in_payment"])],
    "account.payment": [("state", "in", ["in_process", "paid"])],
    "sale.order": [("state", "=", "sale")],
    "stock.picking": [("state", "=", "done")],
    "pos.order": [("state", "=", "done")],
    "loyalty.card": [("points", ">", 0)],
    "crm.lead": [("partner_id", "!=", False)],
    "stock.quant": [("quantity", ">", 0)],
    "mail.activity": [("res_model", "=", "res.partner")],
    "ir.attachment": [("res_model", "=", "res.partner")],
    "calendar.filters": [],
    "res.partner.bank": [],
}


def test_every_module_of_the_used_odoo_holds_finished_business(used_odoo):
    odoo = used_odoo.client()
    empty = [model for model, domain in IN_USE.items() if not call(odoo, model, "search_count", domain=domain)]
    assert not empty
    assert {row["state"] for row in search_read(odoo, "pos.session", ["state"])} == {"closed"}


def test_the_ids_of_the_used_odoo_lead_to_its_records(used_odoo):
    partners = used_odoo.ids["partners"]
    named = {row["id"]: row["name"] for row in search_read(used_odoo.client(), "res.partner", ["name"])}
    assert {key.split("_")[0] for key, record in partners.items() if "Anna" in named[record]} == {"anna"}
    assert named[used_odoo.ids["partners"]["ana_twin"]] == "Ana Novak"
