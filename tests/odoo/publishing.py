"""What the publish tests share: publish models written by hand, and one retailer's ledger against one Odoo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from pipelines.gates import Gate
from pipelines.ledger import audit, open_ledger, receipts
from pipelines.publish import store
from pipelines.publish.apply import Report, apply_plan
from pipelines.publish.approve import approve
from pipelines.publish.authority import Authority, load_authority
from pipelines.publish.plan import make_plan
from pipelines.publish.policy import Policy, load_policy
from pipelines.publish.store import Line, Plan
from pipelines.publish.undo import undo_run
from pipelines.publish.verify import Verification, verify_run
from pipelines.resources import Settings
from sources.odoo.access import WHICH
from sources.odoo.actions import registered
from sources.odoo.client import OdooClient, call, search_read

if TYPE_CHECKING:
    from tests.odoo.fixtures import OdooTarget

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
TEXT, NUMBER, TIME = pa.string(), pa.float64(), pa.timestamp("us")
KEYS = {
    "golden_id": TEXT,
    "odoo_id": pa.int64(),
    "odoo_ids": pa.list_(pa.int64()),
    "units": pa.list_(TEXT),
    "payload_hash": TEXT,
}
COLUMNS = {
    "res_partner": dict.fromkeys(
        ("name", "email", "phone", "street", "street2", "city", "zip", "country_id", "vat", "lang"), TEXT
    )
    | {"is_company": pa.bool_()},
    "product_template": {"name": TEXT, "weight": NUMBER},
    "product_product": {
        "product_tmpl_id": TEXT,
        "default_code": TEXT,
        "barcode": TEXT,
        "weight": NUMBER,
        "option_1": TEXT,
        "option_2": TEXT,
    },
    "product_pricelist_item": {
        "pricelist_id": TEXT,
        "product_id": TEXT,
        "applied_on": TEXT,
        "compute_price": TEXT,
        "fixed_price": pa.decimal128(18, 4),
        "min_quantity": NUMBER,
        "date_start": TIME,
        "date_end": TIME,
        "currency": TEXT,
    },
}
MODELS = {name: policy.model for name, policy in load_policy().objects.items()}
Row = dict[str, Any]


def gate(*closed_by: str, stale: set[str] = frozenset()) -> Gate:
    made = Gate("customers", stale_units=set(stale))
    made.close(*closed_by)
    return made


def all_open() -> dict[str, Gate]:
    return {domain: gate() for domain in ("customers", "products", "prices")}


@dataclass
class Shop:
    """One ledger and its publish models, in front of the Odoo that `client` speaks to."""

    home: Path
    client: OdooClient
    policy: Policy = field(default_factory=load_policy)
    authority: Authority = field(default_factory=load_authority)
    admin: OdooClient | None = None

    @classmethod
    def of(cls, target: OdooTarget, home: Path, policy: Policy | None = None) -> Shop:
        """A shop that publishes with no more rights than publishing needs; price lists are its administrator's."""
        return cls(home, target.publisher(), policy or load_policy(), admin=target.client())

    @property
    def policies(self) -> dict[str, Any]:
        return {"policy": self.policy, "authority": self.authority}

    @property
    def settings(self) -> Settings:
        return Settings(self.home, "test", f"sqlite:///{self.home / 'ledger.db'}")

    @property
    def ledger(self) -> sa.Engine:
        return open_ledger(self.settings.ledger_url)

    def golden(self, name: str, rows: list[Row], more: dict[str, Any] | None = None) -> None:
        """Write the publish model of object `name`; what a row leaves out is null. `more`: columns besides."""
        blank = {"odoo_id": None, "odoo_ids": [], "units": ["shopify"], "payload_hash": "0"}
        path = self.home / "exports" / "publish" / f"publish_odoo__{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(
            [blank | row for row in rows], schema=pa.schema(KEYS | COLUMNS[name] | (more or {}))
        )
        pq.write_table(table, path)

    def plan(self, gates: dict | None = None, **more: Any) -> Plan:
        for name in COLUMNS:
            if not (self.home / "exports" / "publish" / f"publish_odoo__{name}.parquet").exists():
                self.golden(name, [])
        gates = all_open() if gates is None else gates
        return make_plan(self.settings, self.client, gates, NOW, "bot", **self.policies, **more)

    def lines(self, plan: Plan, *actions: str) -> list[Line]:
        with self.ledger.connect() as connection:
            return list(store.lines(connection, plan.plan_id, actions or None))

    def approved(self, **more: Any) -> Plan:
        plan = self.plan(**more)
        approve(self.settings, plan.plan_id, "eva", NOW, note="a test", force=True, **self.policies)
        return plan

    def apply(self, plan: Plan | str, client: OdooClient | None = None, now: datetime = NOW) -> Report:
        plan_id = plan if isinstance(plan, str) else plan.plan_id
        return apply_plan(self.settings, client or self.client, plan_id, now, "bot", **self.policies)

    def publish(self) -> Report:
        return self.apply(self.approved())

    def verify(self, run_id: str) -> Verification:
        return verify_run(self.settings, self.client, run_id, NOW, "bot")

    def undo(self, run_id: str) -> Report:
        return undo_run(self.settings, self.client, run_id, NOW, "eva", **self.policies)

    def told(self, action: str) -> list[dict[str, Any]]:
        """The details of the audit's entries of one action, in order."""
        with self.ledger.connect() as connection:
            wanted = sa.select(audit.c.detail).where(audit.c.action == action).order_by(audit.c.seq)
            return [orjson.loads(detail) for detail in connection.execute(wanted).scalars()]

    def receipts(self, run_id: str) -> list[sa.Row]:
        with self.ledger.connect() as connection:
            wanted = sa.select(receipts).where(receipts.c.run_id == run_id).order_by(receipts.c.seq)
            return connection.execute(wanted).all()

    def record(self, name: str, golden_id: str, *fields: str) -> Row:
        """The record in Odoo that stands for a golden one; fails unless there is exactly one."""
        found = search_read(self.client, MODELS[name], list(fields), [("x_assay_id", "=", golden_id)])
        assert len(found) == 1, f"{golden_id}: {len(found)} records"
        return found[0]

    def snapshot(self, runs: bool = False) -> dict[str, list[Row]]:
        """All records of the published models, with what Assay writes and what stands on them of Assay."""
        found = {}
        for name, policy in self.policy.objects.items():
            fields = sorted({*policy.owned, *policy.retire, "x_assay_id", *(["x_assay_run"] if runs else [])})
            found[name] = search_read(self.client, policy.model, fields)
        return found

    def external_ids(self) -> list[tuple[str, str, int]]:
        """(name, model, record) of our external ids on the published models, in order."""
        ours = [("module", "=", "assay"), ("model", "in", list(MODELS.values()))]
        rows = search_read(self.client, "ir.model.data", ["name", "model", "res_id"], ours)
        return sorted((row["name"], row["model"], row["res_id"]) for row in rows)

    def price_list(self, name: str = "Retail CZK", currency: str = "CZK") -> int:
        found = search_read(self.client, "res.currency", ["id"], [("name", "=", currency)])[0]["id"]
        return call(
            self.admin or self.client, "product.pricelist", "create", vals_list=[{"name": name, "currency_id": found}]
        )[0]


def person(number: int, **more: Any) -> Row:
    given = {"golden_id": f"C-{number:04}", "name": f"Person {number}", "email": f"p{number}@example.com"}
    return given | {"is_company": False, "country_id": "CZ", "city": "Brno"} | more


def product(number: int, **more: Any) -> tuple[Row, Row]:
    """A golden product with its only variant."""
    template = {"golden_id": f"P-{number:04}", "name": f"Thing {number}"}
    variant = {"golden_id": f"V-{number:04}", "product_tmpl_id": template["golden_id"], "weight": 0.25}
    return template, variant | {"default_code": f"SKU-{number}", "barcode": f"859000{number:04}"} | more


def price(number: int, amount: Any = "199.90", **more: Any) -> Row:
    from decimal import Decimal

    given = {"golden_id": f"R-{number:04}", "pricelist_id": "Retail CZK", "product_id": f"V-{number:04}"}
    given |= {"applied_on": "0_product_variant", "compute_price": "fixed", "min_quantity": 1.0}
    return given | {"fixed_price": Decimal(str(amount))} | more


def stock(shop: Shop, people: int, products: int) -> None:
    """Golden people, products and prices, none of them in Odoo yet, and the price list they need."""
    shop.price_list()
    shop.golden("res_partner", [person(number) for number in range(people)])
    made = [product(number) for number in range(products)]
    shop.golden("product_template", [template for template, _ in made])
    shop.golden("product_product", [variant for _, variant in made])
    shop.golden("product_pricelist_item", [price(number) for number in range(products)])


def without_actions(client: OdooClient) -> OdooClient:
    """The client as if Odoo had none of our actions but the one that tells a publisher which database it is."""
    client.remembered["actions"] = {name: one for name, one in registered(client).items() if name == WHICH}
    return client


def intercepting(client: OdooClient, around: Callable) -> OdooClient:
    """The client with its transport inside `around(send, model, method, ids, context, arguments, timeout)`."""
    send = client.send
    client.send = lambda *call: around(send, *call)
    client.pause = lambda seconds: None
    return client
