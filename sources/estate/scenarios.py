"""Twin sisters planted in every retailer, the same in each: the duplicate that must be found and the trap beside it.

Anna stands in four systems (till: telephone only; loyalty: old address; shop: an alias of her mailbox; Odoo: married
name). Ana, her twin, has the same birth date, old address and landline, and at the till the same dummy mailbox.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np

ANNA_EMAIL = "anna.novakova.1988@posta.example"
ANNA_MOBILE = "+420 739 555 018"
ANA_EMAIL = "ana.novakova.brno@posta.example"
ANA_MOBILE = "+420 606 555 019"
LANDLINE = "+420 549 555 020"
ANNA, ANA = 0, 1

_OLD_HOME = {"street": "Jasanová 8", "city": "Brno", "zip": "637 00", "country_code": "CZ"}
_NEW_HOME = {"street": "Na Výsluní 1204/3", "city": "Olomouc", "zip": "779 00", "country_code": "CZ"}
_SHARED = {"is_company": False, "is_active": True}
_BORN = date(1988, 4, 12)

_ROWS: dict[str, list[dict[str, Any]]] = {
    "pos": [
        {"entity": ANNA, "first_name": "Anna", "last_name": "Nováková", "phone": ANNA_MOBILE,
         "email": "noemail@store001.example", "store_code": "S001", "created_at": datetime(2024, 5, 4, 9, 12)},
        {"entity": ANA, "first_name": "Ana", "last_name": "Nováková", "phone": LANDLINE, "mobile": ANA_MOBILE,
         "email": "noemail@store001.example", "store_code": "S001", "created_at": datetime(2024, 5, 4, 9, 15),
         **_OLD_HOME},
    ],
    "voucherify": [
        {"entity": ANNA, "full_name": "Anna Nováková", "email": ANNA_EMAIL, "phone": LANDLINE, "birth_on": _BORN,
         "loyalty_code": "2900000000018", "language": "cs", "created_at": datetime(2023, 3, 1, 17, 40), **_OLD_HOME},
        {"entity": ANA, "full_name": "Ana Nováková", "email": ANA_EMAIL, "phone": LANDLINE, "birth_on": _BORN,
         "loyalty_code": "2900000000025", "language": "cs", "created_at": datetime(2023, 3, 1, 17, 44), **_OLD_HOME},
    ],
    "shopify": [
        {"entity": ANNA, "first_name": "Anna", "last_name": "Novakova", "phone": "739555018",
         "email": ANNA_EMAIL.replace("@", "+eshop@"), "language": "cs", "accepts_marketing": True,
         "created_at": datetime(2025, 2, 11, 20, 3), **_NEW_HOME},
    ],
    "odoo": [
        {"entity": ANNA, "full_name": "Anna Horáková", "email": ANNA_EMAIL, "phone": "00420739555018", "language": "cs",
         "created_at": datetime(2025, 11, 20, 8, 30), **_NEW_HOME},
    ],
}  # fmt: skip


def twin_sisters(system: str, first_entity: int) -> dict[str, np.ndarray] | None:
    """The sisters' rows in a system as columns; they are the entities `first_entity` and the next."""
    rows = [_SHARED | {"updated_at": row["created_at"]} | row for row in _ROWS.get(system, [])]
    if not rows:
        return None
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: np.array([row.get(name) for row in rows], dtype=object) for name in names}
    columns["entity"] = columns["entity"].astype(np.int64) + first_entity
    for name, kind in (("created_at", "M8[us]"), ("updated_at", "M8[us]"), ("birth_on", "M8[D]")):
        if name in columns:
            columns[name] = columns[name].astype(kind)
    for name in ("is_company", "is_active", "accepts_marketing"):
        if name in columns:
            columns[name] = np.equal(columns[name], True)
    return columns
