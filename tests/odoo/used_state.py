"""Runs inside `odoo shell` on a database with accounting, sales, stock, point of sale, loyalty and CRM: use them.

`env` is Odoo's. A retailer's year in small: partners with duplicates of every kind, and behind them orders, posted
invoices and payments, a closed till, points, leads, deliveries, chatter. Prints `IDS` and the ids by key as JSON.
"""

import json
from datetime import datetime, timedelta

env = env(context={**env.context, "tracking_disable": True, "no_reset_password": True, "lang": "en_US"})  # noqa: F821
env["ir.config_parameter"].set_param("ir_attachment.location", "db")
if not env.company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company=env.company, install_demo=False)
Partner = env["res.partner"].with_context(mail_create_nosubscribe=True)
other_company = env["res.company"].create({"name": "Second Company"})
admin = env.ref("base.user_admin")
admin.company_ids |= other_company
partners = {}


def person(key, name, **more):
    given = {"name": name, "country_id": env.ref("base.cz").id, "city": "Brno"} | more
    partners[key] = Partner.create(given)
    return partners[key]


# --- partners, with duplicates of every kind ------------------------------------------------------------------------

anna = [
    person("anna_till", "Anna Novak", phone="+420 601 111 222"),
    person("anna_card", "Anna Novák", email="anna@example.com", street="Old Street 1"),
    person("anna_web", "A. Novak", email="anna+shop@example.com"),
    person("anna_married", "Anna Novak Svoboda", email="anna@example.com", phone="+420 601 111 222"),
    person("anna_desk", "Novak Anna", phone="601111222"),
]
twin = person("ana_twin", "Ana Novak", phone="+420 601 111 222")
boris = [person(f"boris_{n}", "Boris Dvorak", email="boris@example.com") for n in (1, 2)]
firm = [person(f"firm_{n}", "Alfa s.r.o.", is_company=True, vat="CZ00000019") for n in (1, 2)]
desks = [person(f"firm_{n}_desk", f"Desk {n}", parent_id=firm[n - 1].id, type="contact") for n in (1, 2)]
docks = [
    person(f"firm_{n}_dock", f"Dock {n}", parent_id=firm[n - 1].id, type="delivery", street=f"Dock {n}") for n in (1, 2)
]
taxed = [person(f"taxed_{n}", "Beta a.s.", is_company=True, vat=f"CZ0000002{n}") for n in (1, 2)]
abroad = [
    person(f"company_{n}", "Ciril Kolar", company_id=company.id)
    for n, company in ((1, env.company), (2, other_company))
]
holding = person("holding", "Delta s.r.o.", is_company=True)
branch = person("holding_branch", "Delta s.r.o.", parent_id=holding.id, type="other")
followers = [person(f"follower_{n}", "Eva Mala", email="eva@example.com") for n in (1, 2)]
clerks = [person(f"clerk_{n}", "Filip Cerny", email=f"filip{n}@example.com") for n in (1, 2)]
portal = [person(f"portal_{n}", "Greta Bila", email="greta@example.com") for n in (1, 2)]
plain = [person(f"plain_{n}", "Hana Horka", email="hana@example.com") for n in (1, 2)]
staff = [person(f"staff_{n}", "Ivo Jasny", email="ivo@example.com") for n in (1, 2)]
env["hr.employee"].create({"name": "Ivo Jasny", "work_contact_id": staff[1].id})

Users = env["res.users"]
user_group, portal_group = env.ref("base.group_user"), env.ref("base.group_portal")
for n, clerk in enumerate(clerks, 1):
    Users.create({"login": f"clerk{n}", "partner_id": clerk.id, "group_ids": [(6, 0, user_group.ids)]})
Users.create({"login": "greta", "partner_id": portal[0].id, "group_ids": [(6, 0, portal_group.ids)]})

# --- products, priced and in stock ----------------------------------------------------------------------------------

Template = env["product.template"]
products = {}


def product(key, name, price, **more):
    given = {"name": name, "list_price": price, "type": "consu", "is_storable": True, "available_in_pos": True}
    products[key] = Template.create(given | more)
    return products[key].with_context(active_test=False).product_variant_ids


mug = [product("mug_1", "Mug", 10), product("mug_2", "Mug white", 10, barcode="4006381333931", default_code="MUG-W")]
pen = [product("pen_1", "Pen", 2, default_code="PEN"), product("pen_2", "Pen blue", 2, barcode="4006381333948")]
lamp = product("lamp", "Lamp", 40)
product("gone", "Sold out", 5, barcode="4006381333955", active=False)
location = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1).lot_stock_id
for variant in (*mug, lamp):
    Quant = env["stock.quant"].with_context(inventory_mode=True)
    Quant.create(
        {"product_id": variant.id, "inventory_quantity": 100, "location_id": location.id}
    ).action_apply_inventory()
pricelist = env["product.pricelist"].create({"name": "Retail", "currency_id": env.company.currency_id.id})
for template in products.values():
    rule = {"applied_on": "1_product", "compute_price": "fixed", "fixed_price": template.list_price - 1}
    env["product.pricelist.item"].create(rule | {"pricelist_id": pricelist.id, "product_tmpl_id": template.id})
anna[1].property_product_pricelist = pricelist

# --- sales, deliveries, invoices, payments --------------------------------------------------------------------------


def sell(partner, *variants, confirm=True, **more):
    lines = [(0, 0, {"product_id": variant.id, "product_uom_qty": 2}) for variant in variants]
    order = env["sale.order"].create({"partner_id": partner.id, "order_line": lines} | more)
    if confirm:
        order.action_confirm()
    return order


def invoice(order, post=True):
    made = order._create_invoices()
    if post:
        made.action_post()
    return made


def deliver(order):
    for picking in order.picking_ids:
        for move in picking.move_ids:
            move.quantity, move.picked = move.product_uom_qty, True
        picking.button_validate()


def pay(made):
    context = {"active_model": "account.move", "active_ids": made.ids}
    env["account.payment.register"].with_context(**context).create({}).action_create_payments()


for template in products.values():
    template.invoice_policy = "order"
orders = {
    "anna_card": sell(anna[1], mug[0], lamp),
    "anna_web": sell(anna[2], mug[1]),
    "anna_quote": sell(anna[3], lamp, confirm=False),
    "boris_1": sell(boris[0], lamp),
    "boris_2": sell(boris[1], mug[1]),
    "firm_2": sell(firm[1], lamp, partner_shipping_id=docks[1].id),
    "taxed_1": sell(taxed[0], lamp),
    "taxed_2": sell(taxed[1], lamp),
    "plain_2": sell(plain[1], mug[0]),
}
deliver(orders["anna_card"])
invoices = {key: invoice(orders[key]) for key in ("anna_card", "boris_1", "boris_2", "taxed_1", "taxed_2")}
pay(invoices["anna_card"] | invoices["boris_2"])
invoices["anna_draft"] = invoice(orders["anna_web"], post=False)

# --- the till -------------------------------------------------------------------------------------------------------

admin.group_ids |= env.ref("point_of_sale.group_pos_manager")
cash = env["pos.payment.method"].create(
    {
        "name": "Cash at till",
        "journal_id": env["account.journal"]
        .create({"name": "Till", "code": "TILL", "type": "cash", "company_id": env.company.id})
        .id,
    }
)
shop = env["pos.config"].create({"name": "Till 1", "payment_method_ids": [(6, 0, cash.ids)]})
till = env(user=admin.id)
shop.with_env(till).open_ui()
session = shop.with_env(till).current_session_id
session.set_opening_control(0, None)
receipts = {}
for key, buyer in (("anna_till", anna[0]), ("anna_desk", anna[4]), ("plain_2", plain[1]), ("plain_1", plain[0])):
    line = {"product_id": lamp.id, "qty": 1, "price_unit": 40, "discount": 0, "tax_ids": [(6, 0, [])]}
    line |= {"price_subtotal": 40, "price_subtotal_incl": 40}
    order = {"session_id": session.id, "partner_id": buyer.id, "lines": [(0, 0, line)], "amount_total": 40}
    order |= {"amount_tax": 0, "amount_paid": 0, "amount_return": 0}
    receipts[key] = till["pos.order"].create(order)
    payment = {"pos_order_id": receipts[key].id, "amount": 40, "payment_method_id": cash.id}
    receipts[key].add_payment(payment)
    receipts[key].action_pos_order_paid()
session.post_closing_cash_details(160)
session.close_session_from_ui()
if session.state != "closed":
    raise SystemExit(f"the till session is {session.state}")

# --- rules by which Odoo recognises them from now on -------------------------------------------------------------

plan = env["account.analytic.plan"].create({"name": "Campaigns"})
account = env["account.analytic.account"].create({"name": "Spring", "plan_id": plan.id, "partner_id": anna[2].id})
shared = {"analytic_distribution": {str(account.id): 100}}
env["account.analytic.distribution.model"].create(
    [shared | {"partner_id": anna[2].id}, shared | {"product_id": mug[1].id}]
)
to_partner = [(0, 0, {"partner_id": boris[1].id})]
env["account.reconcile.model"].create(
    [
        {"name": "Boris pays", "match_label": "contains", "match_label_param": "BORIS", "line_ids": to_partner},
        {"name": "Regulars", "match_partner_ids": [(6, 0, [anna[2].id, twin.id])]},
    ]
)
quoted = [(0, 0, {"product_id": mug[1].id, "product_uom_id": mug[1].uom_id.id, "product_uom_qty": 3, "name": "Mugs"})]
env["sale.order.template"].create({"name": "Office", "sale_order_template_line_ids": quoted})
gift = {"reward_type": "product", "reward_product_id": mug[1].id, "reward_product_qty": 1}
cut = {"reward_type": "discount", "discount_applicability": "specific", "discount": 10}
rewards = [(0, 0, gift), (0, 0, cut | {"discount_product_ids": [(6, 0, mug[1].ids)]})]
rewards.append((0, 0, cut | {"discount_product_ids": [(6, 0, (pen[0] | lamp).ids)]}))
env["loyalty.program"].create({"name": "Mugs free", "program_type": "promotion", "reward_ids": rewards})

# --- loyalty, leads, activities, calendar, chatter, followers, attachments ------------------------------------------

program = env["loyalty.program"].create({"name": "Points", "program_type": "loyalty"})
cards = {
    key: env["loyalty.card"].create({"program_id": program.id, "partner_id": partners[key].id, "points": points})
    for key, points in (("anna_card", 120), ("anna_till", 30), ("plain_1", 5), ("plain_2", 7))
}
leads = {
    key: env["crm.lead"].create({"name": f"Lead {key}", "partner_id": partners[key].id, "type": "opportunity"})
    for key in ("anna_web", "boris_2", "firm_2")
}
watched = env["crm.lead"].create({"name": "Watched by both", "type": "opportunity"})
watched.message_subscribe(partner_ids=[person.id for person in followers])
leads["boris_2"].message_subscribe(partner_ids=[followers[1].id, anna[2].id])
partner_model = env["ir.model"]._get("res.partner").id
for key in ("anna_web", "boris_2"):
    note = partners[key].with_context(tracking_disable=False)
    note.message_post(body=f"Called {key}", message_type="comment")
    env["mail.activity"].create(
        {
            "res_model_id": partner_model,
            "res_id": partners[key].id,
            "summary": "Call back",
            "activity_type_id": env.ref("mail.mail_activity_data_call").id,
            "user_id": admin.id,
            "date_deadline": datetime.now().date() + timedelta(days=3),
        }
    )
    env["ir.attachment"].create(
        {"name": f"{key}.txt", "raw": b"a letter", "res_model": "res.partner", "res_id": partners[key].id}
    )
start = datetime(2026, 4, 1, 9)
meeting = {"name": "Fitting", "start": start, "stop": start + timedelta(hours=1), "user_id": admin.id}
env["calendar.event"].create(meeting | {"partner_ids": [(6, 0, [admin.partner_id.id, anna[3].id])]})
both = [admin.partner_id.id, *(person.id for person in followers)]
env["calendar.event"].create(meeting | {"name": "Both", "partner_ids": [(6, 0, both)]})
for person_ in followers:
    env["calendar.filters"].create({"user_id": admin.id, "partner_id": person_.id})
tag = env["res.partner.category"].create({"name": "Collector"})
anna[2].category_id = tag
env["res.partner.bank"].create({"acc_number": "CZ6508000000192000145399", "partner_id": boris[1].id})

env.cr.commit()
told = {"partners": partners, "templates": products, "orders": orders, "invoices": invoices, "receipts": receipts}
told |= {"cards": cards, "leads": leads | {"watched": watched}}
told = {kind: {key: record.id for key, record in records.items()} for kind, records in told.items()}
told["variants"] = {
    key: template.with_context(active_test=False).product_variant_ids.id for key, template in products.items()
}
print("IDS", json.dumps(told))
