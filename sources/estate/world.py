"""The simulated retailer as tables: the same seed gives the same bytes.

Profiles, the clock and the assembly of the parts belong here; each part is generated in its own module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sources.estate.tables import SCHEMAS

NOW = datetime(2026, 3, 29, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Profile:
    """How large a retailer is. `days` is the depth of its sales history."""

    stores: int
    people: int
    templates: int
    days: int
    receipts_per_day: int


PROFILES = {
    "retailer2": Profile(2, 300, 20, 3, 12),
    "retailer10": Profile(10, 20_000, 1_200, 30, 40),
    "retailer40": Profile(40, 250_000, 12_000, 90, 139),
}


@dataclass(frozen=True)
class World:
    """The retailer's tables, shaped as in `tables.SCHEMAS`."""

    profile: str
    seed: int
    now: datetime
    appearances: pa.Table
    templates: pa.Table
    variants: pa.Table
    listings: pa.Table
    prices: pa.Table
    stores: pa.Table
    receipts: pa.Table
    receipt_lines: pa.Table
    orders: pa.Table
    order_lines: pa.Table
    charges: pa.Table
    loyalty: pa.Table

    def truth(self, path: Path) -> None:
        """Write what is really the same below `path`: customers.parquet and variants.parquet by record_id."""
        path.mkdir(parents=True, exist_ok=True)
        for name, table, identity in (
            ("customers", self.appearances, "person_id"),
            ("variants", self.listings, "variant_id"),
        ):
            keys = zip(table["system"].to_pylist(), table["key"].to_pylist(), strict=True)
            records = pa.array([f"{system}:{key}" for system, key in keys])
            pq.write_table(pa.table({"record_id": records, identity: table[identity]}), path / f"{name}.parquet")


def generate(profile: str, seed: int = 7) -> World:
    """The whole retailer; `profile` is a name in PROFILES."""
    size, random = PROFILES[profile], Random(seed)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    _stores(size, rows)
    _people(min(size.people, 300), random, rows)
    _catalogue(20, random, rows)
    _sales(size, random, rows)
    tables = {name: pa.Table.from_pylist(rows[name], schema) for name, schema in SCHEMAS.items()}
    return World(profile, seed, NOW, **tables)


def _ago(random: Random, days: float) -> datetime:
    return (NOW - timedelta(seconds=random.uniform(0, days * 86400))).replace(tzinfo=None)


def _stores(size: Profile, rows: dict) -> None:
    for n in range(1, size.stores + 1):
        rows["stores"].append(
            dict(
                store_code=f"S{n:03}",
                name=f"Praha {n}",
                street=f"Tržní {n}",
                city="Praha",
                zip=f"1{n:02} 00",
                country_code="CZ",
                timezone="Europe/Prague",
                email=f"noemail@store{n:03}.example",
                phone=f"+420 2{n:08}",
                updated_at=datetime(2026, 1, 1),
            )
        )


def _people(people: int, random: Random, rows: dict) -> None:
    first = ["Anna", "Jan", "Petr", "Eva", "Jürgen", "Marie", "Zoë", "Ондрій", "Łukasz", "Δήμητρα"]
    last = ["Novák", "Dvořáková", "Müller", "Schmidt", "Lefèvre", "Kowalski", "Шевчук", "Nguyễn", "Παπάς"]
    for n in range(people):
        given, family, mobile = random.choice(first), random.choice(last), f"+420 60{n:07}"
        email, born = f"person{n}@posta.example", date(1950, 1, 1) + timedelta(days=random.randrange(20000))
        code, shop = f"29{n:010}", f"S{random.randrange(2) + 1:03}"
        base = dict(
            person_id=f"person-{n:06}",
            is_company=False,
            country_code="CZ",
            language="cs",
            street=f"Dlouhá {n}",
            city="Praha",
            zip="110 00",
            refs="{}",
            is_active=True,
        )
        used = random.sample(("odoo", "pos", "shopify", "stripe", "voucherify"), random.choice([1, 1, 2, 2, 3, 4]))
        shopify = f"{7000000000000 + n}" if "shopify" in used else None
        for system in sorted(used):
            created = _ago(random, 900)
            row = dict(base, system=system, created_at=created, updated_at=max(created, _ago(random, 200)))
            if system == "odoo":
                row |= dict(key=str(1000 + n), full_name=f"{given} {family}", email=email, phone=mobile)
            if system == "pos":
                row |= dict(key=f"C{n:06}", first_name=given, last_name=family, phone=mobile, store_code=shop)
            if system == "shopify":
                row |= dict(
                    key=shopify,
                    first_name=given,
                    last_name=family,
                    email=email,
                    phone=mobile,
                    accepts_marketing=random.random() < 0.4,
                )
            if system == "stripe":
                refs = f'{{"shopify_customer_id": "{shopify}"}}' if shopify else "{}"
                row |= dict(key=f"cus_{n:014}", full_name=f"{given} {family}", email=email, refs=refs)
            if system == "voucherify":
                row |= dict(
                    key=f"cust_{n:014}", full_name=f"{given} {family}", email=email, loyalty_code=code, birth_on=born
                )
                rows["loyalty"].append(
                    dict(
                        key=f"v_{n:014}",
                        code=code,
                        customer_key=f"cust_{n:014}",
                        points=random.randrange(5000),
                        created_at=created,
                        updated_at=row["updated_at"],
                    )
                )
            rows["appearances"].append(row)


def _catalogue(templates: int, random: Random, rows: dict) -> None:
    number = 0
    for t in range(templates):
        name, brand, rate = f"Shirt {t}", random.choice(["Borea", "Kvetna"]), Decimal("21.00")
        rows["templates"].append(
            dict(
                template_id=f"t{t:06}",
                name=name,
                brand=brand,
                category="Clothing",
                tax_rate=rate,
                option_1_name="Size",
                option_2_name="Colour",
                systems=["odoo", "pos", "shopify"],
            )
        )
        for size in ("S", "M", "L"):
            number += 1
            true = dict(
                variant_id=f"v{number:06}",
                sku=f"SKU-{number:05}",
                gtin=_gtin(f"8590000{number:05}"),
                option_1=size,
                option_2="red",
                weight_g=200 + number,
                uom="unit",
            )
            rows["variants"].append(dict(true, template_id=f"t{t:06}"))
            gross, net = Decimal(random.randrange(10000, 90000)) / 100, Decimal(random.randrange(1000, 9000)) / 100
            for system, key, template_key in (
                ("odoo", str(3000 + number), str(2000 + t)),
                ("pos", f"{100000 + number}", None),
                ("shopify", f"{4400000000000 + number}", f"{8800000000000 + t}"),
            ):
                at = _ago(random, 100)
                rows["listings"].append(
                    dict(
                        true,
                        system=system,
                        key=key,
                        template_key=template_key,
                        name=name,
                        brand=brand,
                        option_1_name="Size",
                        option_2_name="Colour",
                        category="Clothing",
                        tax_rate=rate,
                        created_at=at,
                        updated_at=at,
                        is_active=True,
                    )
                )
                kinds = {"odoo": ("retail_czk", "online_eur"), "pos": ("retail_czk",), "shopify": ("online_eur",)}
                for price_list in kinds[system]:
                    czk = price_list == "retail_czk"
                    rows["prices"].append(
                        dict(
                            system=system,
                            price_list=price_list,
                            key=str(50000 + len(rows["prices"])),
                            listing_key=key,
                            currency="CZK" if czk else "EUR",
                            amount=gross if czk else net,
                            tax_basis="gross" if czk else "net",
                            tax_rate=rate if czk else Decimal("19.00"),
                            min_quantity=1,
                            valid_from_at=datetime(2026, 3, 1),
                            kind="regular",
                            updated_at=at,
                        )
                    )


def _sales(size: Profile, random: Random, rows: dict) -> None:
    articles = [row["key"] for row in rows["listings"] if row["system"] == "pos"]
    for store in rows["stores"]:
        for n in range(1, 20):
            at, key = _ago(random, 2), f"{store['store_code']}-{n:06}"
            amount = Decimal(random.randrange(100, 100000)) / 100
            rows["receipts"].append(
                dict(
                    key=key,
                    store_code=store["store_code"],
                    till=1,
                    number=n,
                    currency="CZK",
                    total_amount=amount,
                    payment="card",
                    sold_at=at,
                    updated_at=at,
                )
            )
            rows["receipt_lines"].append(
                dict(
                    receipt_key=key,
                    line=1,
                    listing_key=random.choice(articles),
                    quantity=1,
                    unit_amount=amount,
                    total_amount=amount,
                    tax_rate=Decimal("21.00"),
                )
            )
    variants = [(row["key"], row["sku"]) for row in rows["listings"] if row["system"] == "shopify"]
    buyers = [row for row in rows["appearances"] if row["system"] == "shopify"]
    payers = {row["refs"]: row["key"] for row in rows["appearances"] if row["system"] == "stripe"}
    for n, buyer in enumerate(buyers[:40]):
        at, net, (listing, sku) = _ago(random, 60), Decimal(random.randrange(1000, 9000)) / 100, random.choice(variants)
        tax = (net * Decimal("0.19")).quantize(Decimal("0.01"))
        rows["orders"].append(
            dict(
                key=f"{5500000000000 + n}",
                name=f"#{1001 + n}",
                customer_key=buyer["key"],
                email=buyer["email"],
                currency="EUR",
                subtotal_amount=net,
                tax_amount=tax,
                total_amount=net + tax,
                taxes_included=False,
                financial_status="paid",
                created_at=at,
                updated_at=at,
            )
        )
        rows["order_lines"].append(
            dict(
                key=f"{5600000000000 + n}",
                order_key=f"{5500000000000 + n}",
                line=1,
                listing_key=listing,
                sku=sku,
                quantity=1,
                unit_amount=net,
            )
        )
        payer = payers.get(f'{{"shopify_customer_id": "{buyer["key"]}"}}')
        if payer:
            rows["charges"].append(
                dict(
                    key=f"ch_{n:014}",
                    customer_key=payer,
                    order_key=f"{5500000000000 + n}",
                    amount=net + tax,
                    currency="EUR",
                    status="succeeded",
                    refunded_amount=Decimal("0.00"),
                    receipt_email=buyer["email"],
                    description=f"Order #{1001 + n}",
                    created_at=at,
                    updated_at=at,
                )
            )


def _gtin(body: str) -> str:
    weights = [3 if position % 2 else 1 for position in range(12)]
    return body + str(-sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 10)
