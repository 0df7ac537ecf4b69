"""A small catalogue in the payloads of tills, Odoo and Shopify, with prices, that a seeded draw changes."""

from datetime import timedelta
from decimal import Decimal

from tests.pipelines.small_landing import READ_AT, land
from tests.pipelines.small_retailer import odoo_rule, till_price

WORDS = ("shirt", "cap", "mug", "scarf", "belt", "sock", "lamp", "towel")
COLOURS = ("red", "green", "blue", "black")
NOTES = {"pos": ("articles", "prices"), "odoo": ("product_templates", "product_variants", "pricelist_items")}
NOTES["shopify"] = ("products", "variants")


class Catalogue:
    """What every system says of its articles and prices now, by (system, stream) and key; None for gone."""

    def __init__(self, draw, articles=60):
        self.draw = draw
        self.said = {(system, stream): {} for system, streams in NOTES.items() for stream in streams}
        for number in range(articles):
            self._appear(number)

    def _appear(self, number):
        draw = self.draw
        name, gtin = f"{draw.choice(WORDS)} {number // 2}", with_check_digit(859000000000 + number)
        article = {"sku": f"SKU-{number}", "gtin": gtin, "name": name, "brand": "Acme", "weight_g": 100 + number}
        article |= {"option_1": draw.choice(COLOURS), "tax_rate": Decimal("21.00"), "is_active": True}
        code, key = str(100000 + number), str(2000 + number)
        self.said["pos", "articles"][code] = {"article_code": code, **article}
        template = {"id": 1000 + number // 2, "name": name, "active": True, "x_assay_id": False}
        self.said["odoo", "product_templates"][str(template["id"])] = template
        self.said["odoo", "product_variants"][key] = {
            "id": int(key),
            "product_tmpl_id": [template["id"], name],
            "display_name": f"{name} ({article['option_1']})",
            "product_template_attribute_value_ids": [1],
            "default_code": draw.choice([article["sku"], False]),
            "barcode": draw.choice([gtin, False]),
            "weight": (100 + number) / 1000,
            "active": True,
            "x_assay_id": False,
        }
        self.said["shopify", "products"][str(8000 + number // 2)] = {
            "title": name,
            "vendor": "Acme",
            "status": "ACTIVE",
        }
        self.said["shopify", "variants"][str(4000 + number)] = {
            "sku": draw.choice([article["sku"], None]),
            "barcode": draw.choice([gtin, None]),
            "price": "19.66",
            "selectedOptions": [{"name": "Colour", "value": article["option_1"]}],
            "product": {"legacyResourceId": str(8000 + number // 2), "hasOnlyDefaultVariant": False},
        }
        self.said["pos", "prices"][f"P{number}"] = till_price(f"P{number}", "99.00", "2026-01-01T00:00", article=code)
        end = (READ_AT + timedelta(minutes=30 * (number % 8 - 1))).isoformat()
        sale = {"article": code, "kind": "promotion", "store_code": draw.choice([None, "S001"])}
        self.said["pos", "prices"][f"S{number}"] = till_price(f"S{number}", "79.00", "2026-03-01T00:00", end, **sale)
        rule = odoo_rule(number + 1, draw.choice([99.0, 98.0]), 1, "2026-01-01 00:00:00")
        self.said["odoo", "pricelist_items"][str(number + 1)] = rule | {"product_id": [int(key), name]}

    def change(self, prices):
        """Names, numbers, amounts and windows change, some to what another has; articles and prices come and go.

        Odoo's rules say now and then which of golden's `prices` was written on them.
        """
        draw, before = self.draw, {stream: dict(said) for stream, said in self.said.items()}
        gtins = [row["gtin"] for row in self.said["pos", "articles"].values() if row]
        changes = {
            ("pos", "articles"): lambda: {draw.choice(["gtin", "sku"]): draw.choice(gtins)},
            ("odoo", "product_templates"): lambda: {"name": f"{draw.choice(WORDS)} {draw.randrange(30)}"},
            ("odoo", "product_variants"): lambda: {"barcode": draw.choice(gtins), "active": draw.random() < 0.7},
            ("shopify", "products"): lambda: {"title": f"{draw.choice(WORDS)} {draw.randrange(30)}"},
            ("shopify", "variants"): lambda: {"barcode": draw.choice([*gtins, None]), "price": "18.00"},
            ("pos", "prices"): lambda: {
                "amount": Decimal(draw.choice(["0.00", "89.00", "101.00"])),
                "article_code": draw.choice(["999999", *self.said["pos", "articles"]]),
            },
            ("odoo", "pricelist_items"): lambda: {
                "fixed_price": draw.choice([99.0, 97.0]),
                "x_assay_id": draw.choice([False, *prices]),
            },
        }
        for stream, say in changes.items():
            living = sorted(key for key, row in self.said[stream].items() if row)
            for key in draw.sample(living, 3):
                self.said[stream][key] = self.said[stream][key] | say()
            self.said[stream][draw.choice(living)] = None
        self._appear(len(self.said["pos", "articles"]))
        return {
            stream: {key: row for key, row in said.items() if key not in before[stream] or row != before[stream][key]}
            for stream, said in self.said.items()
        }


def land_catalogue(landing, said, load):
    """One load per stream, an hour after the last; `said` maps (system, stream) to rows by key."""
    read_at = READ_AT + timedelta(hours=load)
    for (system, stream), rows in said.items():
        told = [(key, read_at.isoformat(), row) for key, row in sorted(rows.items())]
        if told:
            land(landing, system, stream, told, load, read_at)


def with_check_digit(twelve):
    """A GTIN-13 from its first twelve digits."""
    digits = [int(digit) for digit in str(twelve)]
    return f"{twelve}{-sum(d * (3 if place % 2 else 1) for place, d in enumerate(digits)) % 10}"
