"""Every customer row of every system: people, companies and contact persons together, with the systems' own keys.

Assembly, keys and cross-references belong here; who is met in encounters.py, what is written down in habits.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from sources.estate import noise
from sources.estate.companies import Companies
from sources.estate.encounters import SYSTEMS, Encounters
from sources.estate.habits import HABITS, NATIVE, PLAIN, Columns, spelled, written_address
from sources.estate.names import plain
from sources.estate.people import People
from sources.estate.scenarios import twin_sisters
from sources.estate.tables import APPEARANCES

_COMPANY_SHARES = {"odoo": 1.0, "pos": 0.3, "shopify": 0.35, "stripe": 0.2, "voucherify": 0.0}
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def appearances(
    people: People, companies: Companies, met: dict[str, Encounters], stores: int, seed: int, now: np.datetime64
) -> pa.Table:
    """The table `tables.APPEARANCES`, system by system in the order of creation."""
    blocks, shops = [], None
    for number, system in enumerate(SYSTEMS):
        rng = np.random.default_rng([seed, 4, number])
        planted = twin_sisters(system, len(people))
        parts = [_persons(people, met[system], system, rng), _firms(companies, system, stores, rng, now)]
        rows = _stack([*parts, planted] if planted else parts)
        if system == "odoo":
            rows = _with_contacts(rows, people, companies, rng, now)
        order = np.lexsort((rows["entity"], rows["created_at"]))
        rows = {name: values[order] for name, values in rows.items()}
        rows["key"] = keys(system, len(order))
        if system == "odoo":
            rows["parent_key"] = _parents(rows)
        if system == "shopify":
            shops = dict(zip(rows["entity"].tolist(), rows["key"].tolist(), strict=True))
        if system == "stripe":
            rows["refs"] = _shop_references(rows["entity"], shops, rng)
        blocks.append(_table(system, rows))
    return pa.concat_tables(blocks)


def written_down(
    system: str, habit: str, people: People, met: Encounters, rng: np.random.Generator, key: Callable[[int], str]
) -> pa.Table:
    """The rows of a system that writes people down as `habit` does; `key(n)` is the system's n-th customer key."""
    rows = _persons(people, met, habit, rng)
    rows.pop("store_code", None)
    order = np.lexsort((rows["entity"], rows["created_at"]))
    rows = {name: values[order] for name, values in rows.items()}
    rows["key"] = np.array([key(n) for n in range(len(order))], dtype=object)
    return _table(system, rows)


def keys(system: str, count: int) -> np.ndarray:
    """The first `count` customer keys of a system, in the order of creation."""
    form = {
        "odoo": lambda n: str(1001 + n),
        "pos": lambda n: f"C{n + 1:06}",
        "shopify": lambda n: str(7_000_000_000_001 + 977 * n),
        "stripe": lambda n: f"cus_{opaque('cus', n, 14)}",
        "voucherify": lambda n: f"cust_{opaque('cust', n, 24)}",
    }[system]
    return np.array([form(n) for n in range(count)], dtype=object)


def opaque(kind: str, serial: int, length: int) -> str:
    """Letters and digits that tell nothing, the same for the same kind and serial."""
    value = int.from_bytes(hashlib.blake2b(f"{kind}{serial}".encode(), digest_size=24).digest())
    letters = []
    for _ in range(length):
        value, digit = divmod(value, 62)
        letters.append(_ALPHABET[digit])
    return "".join(letters)


def _persons(people: People, met: Encounters, system: str, rng: np.random.Generator) -> Columns:
    columns = HABITS[system](people, met, rng)
    columns |= {"entity": met.who, "created_at": met.created, "updated_at": met.updated, "is_company": met.who < 0}
    if system == "pos":
        columns["store_code"] = np.array([f"S{store:03}" for store in met.store.tolist()], dtype=object)
    return columns


def _firms(companies: Companies, system: str, stores: int, rng: np.random.Generator, now: np.datetime64) -> Columns:
    """Company rows; entities count on behind the people, as negative numbers -1, -2, …"""
    which = np.flatnonzero(rng.random(len(companies)) < _COMPANY_SHARES[system])
    count, spelling = len(which), np.full(len(which), PLAIN if system == "pos" else NATIVE)
    name = companies.name[which].copy()
    noise.change(
        name, rng.random(count) < 0.15, lambda text: text.replace("s.r.o.", "s. r. o.").replace("a.s.", "a. s.")
    )
    if system in ("pos", "stripe"):
        noise.change(name, rng.random(count) < 0.6, plain)
    noise.change(name, rng.random(count) < 0.05, str.upper)
    vat = companies.vat[which].copy()
    noise.change(vat, rng.random(count) < 0.08, lambda text: f"{text[:2]} {text[2:]}")
    noise.change(vat, rng.random(count) < 0.06, lambda text: text[2:])
    phone = companies.phone[which].copy()
    noise.phone_formats(phone, companies.home.country[which], rng.integers(0, 8, count))
    has_vat = {"odoo": 0.97, "pos": 0.95, "shopify": 0.6}.get(system, 0.0)
    created, updated = _history(count, rng, now)
    columns = {
        "entity": -1 - which,
        "company_name": name,
        "is_company": np.ones(count, dtype=bool),
        "email": np.where(rng.random(count) < (0.4 if system == "pos" else 1.0), companies.email[which], None),
        "phone": np.where(rng.random(count) < (0.5 if system == "stripe" else 0.9), phone, None),
        "vat": np.where(rng.random(count) < has_vat, vat, None),
        "created_at": created,
        "updated_at": updated,
        ("last_name" if system in ("pos", "shopify") else "full_name"): name,
    }
    if system == "pos":
        columns["store_code"] = np.array([f"S{n:03}" for n in rng.integers(1, stores + 1, count)], dtype=object)
    else:
        columns["language"] = companies.language[which]
    columns |= written_address(companies.home[which], rng, rng.random(count) < 0.9, spelling)
    return columns


def _with_contacts(rows: Columns, people: People, companies: Companies, rng, now: np.datetime64) -> Columns:
    """Odoo's contact persons: private people with a company's name, address and often its mailbox."""
    who, firm = companies.contact, companies.employer
    created, updated = _history(len(who), rng, now)
    first, last = spelled(people, who, updated, np.full(len(who), NATIVE))
    named = zip(first, last, companies.domain[firm], strict=True)
    own = np.array(
        [f"{plain(f'{one[0]}.{name}').lower()}@{at}".replace(" ", "") for one, name, at in named], dtype=object
    )
    phone = np.where(rng.random(len(who)) < 0.97, people.mobile[who], companies.phone[firm])
    noise.phone_formats(phone, people.home.country[who], rng.integers(0, 8, len(who)))
    contacts = {
        "entity": who,
        "employer": firm,
        "full_name": first + " " + last,
        "company_name": companies.name[firm],
        "is_company": np.zeros(len(who), dtype=bool),
        "email": np.where(rng.random(len(who)) < 0.25, companies.email[firm], own),
        "phone": phone,
        "language": people.language[who],
        "created_at": created,
        "updated_at": updated,
    }
    contacts |= written_address(companies.home[firm], rng, rng.random(len(who)) < 0.8, np.full(len(who), NATIVE))
    rows["employer"] = np.where(rows["entity"] < 0, -1 - rows["entity"], -1)
    return _stack([rows, contacts])


def _parents(rows: Columns) -> np.ndarray:
    """For each contact person the key of the company's own row, null for all others."""
    firm = rows["entity"] < 0
    key_of = dict(zip(rows["employer"][firm].tolist(), rows["key"][firm].tolist(), strict=True))
    contacts = zip(rows["employer"].tolist(), firm.tolist(), strict=True)
    return np.array([None if is_firm else key_of.get(employer) for employer, is_firm in contacts], dtype=object)


def _history(count: int, rng: np.random.Generator, now: np.datetime64) -> tuple[np.ndarray, np.ndarray]:
    age = (rng.random(count) ** 1.4 * 1300 * 86_400_000_000).astype(np.int64)
    created = now - age.astype("timedelta64[us]") - np.timedelta64(300, "s")
    return created, created + (age * rng.random(count) * (rng.random(count) < 0.5)).astype("timedelta64[us]")


def _shop_references(entity: np.ndarray, shops: dict[int, str], rng: np.random.Generator) -> np.ndarray:
    stated = (rng.random(len(entity)) < 0.92).tolist()
    return np.array(
        [
            f'{{"shopify_customer_id": "{shops[one]}"}}' if said and one in shops else "{}"
            for one, said in zip(entity.tolist(), stated, strict=True)
        ],
        dtype=object,
    )


def _stack(parts: list[Columns]) -> Columns:
    """Blocks of rows under each other; what a block lacks is null (NaT for dates, -1 for numbers)."""
    kinds = {name: values.dtype for part in parts for name, values in part.items()}
    return {
        name: np.concatenate([part.get(name, _nothing(kind, len(part["entity"]))) for part in parts])
        for name, kind in kinds.items()
    }


def _nothing(kind: np.dtype, count: int) -> np.ndarray:
    if kind.kind == "M":
        return np.full(count, np.datetime64("NaT"), dtype=kind)
    if kind.kind == "i":
        return np.full(count, -1, dtype=kind)
    return np.full(count, None, dtype=object)


def _table(system: str, rows: Columns) -> pa.Table:
    count = len(rows["key"])
    rows["system"] = np.full(count, system, dtype=object)
    rows["person_id"] = np.array(
        [f"person-{one:06}" if one >= 0 else f"company-{-1 - one:06}" for one in rows["entity"].tolist()], dtype=object
    )
    rows.setdefault("refs", np.full(count, "{}", dtype=object))
    if "is_active" not in rows:
        rows["is_active"] = np.ones(count, dtype=bool)
    rows["is_active"] = np.not_equal(rows["is_active"], False)
    arrays = [
        pa.array(rows[field.name], field.type) if field.name in rows else pa.nulls(count, field.type)
        for field in APPEARANCES
    ]
    return pa.Table.from_arrays(arrays, schema=APPEARANCES)
