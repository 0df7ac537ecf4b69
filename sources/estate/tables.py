"""The shapes of the simulated retailer's tables: names, types and units. Nothing is generated here.

Every timestamp is naive UTC with microseconds, every amount is decimal(12,2), every rate is in percent.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TEXT, FLAG, DAY, WHEN = pa.string(), pa.bool_(), pa.date32(), pa.timestamp("us")
MONEY, RATE = pa.decimal128(12, 2), pa.decimal128(5, 2)

APPEARANCES = pa.schema(
    [
        ("system", TEXT),
        ("key", TEXT),  # the system's own id
        ("person_id", TEXT),  # truth; never served
        ("first_name", TEXT),  # null where the system keeps full_name
        ("last_name", TEXT),
        ("full_name", TEXT),  # null where the system keeps first and last name
        ("company_name", TEXT),
        ("is_company", FLAG),
        ("email", TEXT),
        ("phone", TEXT),
        ("mobile", TEXT),
        ("street", TEXT),
        ("city", TEXT),
        ("zip", TEXT),
        ("country_code", TEXT),
        ("birth_on", DAY),
        ("vat", TEXT),
        ("loyalty_code", TEXT),
        ("store_code", TEXT),
        ("language", TEXT),  # ISO 639-1
        ("created_at", WHEN),
        ("updated_at", WHEN),
        ("refs", TEXT),  # JSON object: foreign keys that the source itself states
        ("accepts_marketing", FLAG),
        ("is_active", FLAG),  # false: archived in Odoo
        ("parent_key", TEXT),  # Odoo: key of the company that a contact belongs to
    ]
)
TEMPLATES = pa.schema(
    [
        ("template_id", TEXT),
        ("name", TEXT),
        ("brand", TEXT),
        ("category", TEXT),
        ("tax_rate", RATE),
        ("option_1_name", TEXT),  # e.g. Size; null without variants
        ("option_2_name", TEXT),
        ("systems", pa.list_(TEXT)),
    ]
)
VARIANTS = pa.schema(
    [
        ("variant_id", TEXT),
        ("template_id", TEXT),
        ("option_1", TEXT),
        ("option_2", TEXT),
        ("sku", TEXT),
        ("gtin", TEXT),
        ("weight_g", pa.int32()),
        ("uom", TEXT),
    ]
)
LISTINGS = pa.schema(
    [
        ("system", TEXT),
        ("key", TEXT),
        ("template_key", TEXT),  # the system's own id of the template, null where it has none (pos)
        ("variant_id", TEXT),  # truth; never served
        ("sku", TEXT),
        ("gtin", TEXT),
        ("name", TEXT),
        ("brand", TEXT),
        ("option_1_name", TEXT),
        ("option_1", TEXT),
        ("option_2_name", TEXT),
        ("option_2", TEXT),
        ("weight_g", pa.int32()),
        ("uom", TEXT),
        ("category", TEXT),
        ("tax_rate", RATE),
        ("created_at", WHEN),
        ("updated_at", WHEN),
        ("is_active", FLAG),
    ]
)
PRICES = pa.schema(
    [
        ("system", TEXT),
        ("price_list", TEXT),  # retail_czk or online_eur
        ("key", TEXT),
        ("listing_key", TEXT),
        ("store_code", TEXT),  # pos: null is the chain's price, else this store's own
        ("currency", TEXT),
        ("amount", MONEY),
        ("tax_basis", TEXT),  # gross or net
        ("tax_rate", RATE),
        ("min_quantity", pa.int32()),
        ("valid_from_at", WHEN),
        ("valid_to_at", WHEN),  # exclusive; null is open
        ("kind", TEXT),  # regular or promotion
        ("updated_at", WHEN),
    ]
)
STORES = pa.schema(
    [
        ("store_code", TEXT),
        ("name", TEXT),
        ("street", TEXT),
        ("city", TEXT),
        ("zip", TEXT),
        ("country_code", TEXT),
        ("timezone", TEXT),
        ("email", TEXT),
        ("phone", TEXT),
        ("updated_at", WHEN),
    ]
)
RECEIPTS = pa.schema(
    [
        ("key", TEXT),
        ("store_code", TEXT),
        ("till", pa.int32()),
        ("number", pa.int32()),  # counts from 1 per till and day, as tills do
        ("customer_key", TEXT),  # pos customer, null for most
        ("currency", TEXT),
        ("total_amount", MONEY),  # gross
        ("payment", TEXT),  # cash or card
        ("sold_at", WHEN),  # by the till's clock
        ("updated_at", WHEN),  # when the central database took it in
    ]
)
RECEIPT_LINES = pa.schema(
    [
        ("receipt_key", TEXT),
        ("line", pa.int32()),
        ("listing_key", TEXT),  # pos article
        ("quantity", pa.int32()),
        ("unit_amount", MONEY),  # gross
        ("total_amount", MONEY),
        ("tax_rate", RATE),
    ]
)
ORDERS = pa.schema(
    [
        ("key", TEXT),
        ("name", TEXT),  # "#1001"
        ("customer_key", TEXT),  # shopify customer
        ("email", TEXT),
        ("currency", TEXT),
        ("subtotal_amount", MONEY),  # net
        ("tax_amount", MONEY),
        ("total_amount", MONEY),
        ("taxes_included", FLAG),
        ("financial_status", TEXT),
        ("created_at", WHEN),
        ("updated_at", WHEN),
    ]
)
ORDER_LINES = pa.schema(
    [
        ("key", TEXT),
        ("order_key", TEXT),
        ("line", pa.int32()),
        ("listing_key", TEXT),  # shopify variant
        ("sku", TEXT),
        ("quantity", pa.int32()),
        ("unit_amount", MONEY),  # net
    ]
)
CHARGES = pa.schema(
    [
        ("key", TEXT),
        ("customer_key", TEXT),  # stripe customer
        ("order_key", TEXT),  # shopify order
        ("amount", MONEY),
        ("currency", TEXT),
        ("status", TEXT),  # succeeded or failed
        ("refunded_amount", MONEY),
        ("receipt_email", TEXT),
        ("description", TEXT),
        ("created_at", WHEN),
        ("updated_at", WHEN),
    ]
)
LOYALTY = pa.schema(
    [
        ("key", TEXT),  # voucherify voucher id
        ("code", TEXT),
        ("customer_key", TEXT),  # voucherify customer
        ("points", pa.int64()),
        ("created_at", WHEN),
        ("updated_at", WHEN),
    ]
)
SCHEMAS = {
    "appearances": APPEARANCES,
    "templates": TEMPLATES,
    "variants": VARIANTS,
    "listings": LISTINGS,
    "prices": PRICES,
    "stores": STORES,
    "receipts": RECEIPTS,
    "receipt_lines": RECEIPT_LINES,
    "orders": ORDERS,
    "order_lines": ORDER_LINES,
    "charges": CHARGES,
    "loyalty": LOYALTY,
}


def decimals(units: np.ndarray, type: pa.Decimal128Type = MONEY, mask: np.ndarray | None = None) -> pa.Array:
    """Integers in the smallest unit (cents, hundredths of a percent) as exact decimals; null where `mask` is true."""
    whole = pa.array(np.asarray(units, dtype=np.int64), mask=mask).cast(pa.decimal128(19, 0))
    return pc.multiply(whole, pa.scalar("0.01").cast(pa.decimal128(3, 2))).cast(type)
