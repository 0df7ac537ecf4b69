"""A retailer's customers as records, matched by the project's own dbt models on a warehouse of the test's own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipelines import ledger, transform
from pipelines.resources import Settings
from sources.estate import world

TEXT = [
    "record_id",
    "system",
    "kind",
    "full_name",
    "first_name",
    "last_name",
    "company_name",
    "email",
    "phone",
    "mobile",
]
TEXT += ["street", "street2", "city", "zip", "country_code", "vat", "loyalty_code", "language", "linked_record_id"]
TEXT += ["gender", "birth_place", "occupation"]
SHAPE = pa.schema(
    [(name, pa.string()) for name in TEXT]
    + [("birth_on", pa.date32()), ("is_deleted", pa.bool_()), ("echoes", pa.list_(pa.string()))]
)
OVERRIDES = "domain varchar, left_record_id varchar, right_record_id varchar, decision varchar, "
OVERRIDES += "steward varchar, reason varchar, decided_on date"
SEEDS = ("nicknames", "match_overrides", "placeholder_values", "calling_codes", "product_words")
PRODUCT_TEXT = [
    "record_id",
    "system",
    "template_key",
    "sku",
    "gtin14",
    "template_name",
    "brand",
    "model_number",
    "description",
    "option_1",
    "option_2",
]
PRODUCT_TEXT += ["published_id", "published_template_id"]
PRODUCT_SHAPE = pa.schema(
    [(name, pa.string()) for name in PRODUCT_TEXT]
    + [("weight_g", pa.int64()), ("price_amount", pa.decimal128(18, 4)), ("odoo_template_id", pa.int64())]
    + [("is_deleted", pa.bool_()), ("echoes", pa.list_(pa.string()))]
)


def person(record_id: str, **values) -> dict:
    """A record of conformed_customers; what is not named is null."""
    system = record_id.split(":")[0]
    return {"record_id": record_id, "system": system, "kind": "person", "is_deleted": False, "echoes": [], **values}


def population() -> list[dict]:
    """The small retailer's customers, so that names and numbers are as common as in life."""
    kept = [
        name
        for name in TEXT
        if name not in ("record_id", "kind", "street2", "linked_record_id", "gender", "birth_place", "occupation")
    ]
    rows = world.generate("retailer2", seed=11).appearances.to_pylist()
    return [
        person(
            f"{row['system']}:{row['key']}",
            kind="company" if row["is_company"] else "person",
            **{name: row[name] for name in kept if name != "system"},
            birth_on=row["birth_on"],
        )
        for row in rows
    ]


def variant(record_id: str, **values) -> dict:
    """A record of conformed_products; what is not named is null."""
    return {"record_id": record_id, "system": record_id.split(":")[0], "is_deleted": False, "echoes": [], **values}


@cache
def seeded() -> tempfile.TemporaryDirectory:
    """A home whose warehouse holds the seeds and nothing else, made once by each test process."""
    folder = tempfile.TemporaryDirectory(prefix="assay-seeded-")
    transform.run_dbt(
        Settings(Path(folder.name), "test", f"sqlite:///{folder.name}/ledger.db"), "seed", "--select", *SEEDS
    )
    return folder


def match(home: Path, records: list[dict], overrides: list[tuple] = (), domain: str = "customers") -> Callable:
    """Run the matched layer of a domain over `records`; returns a way to query its warehouse."""
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
    ledger.open_ledger(settings.ledger_url)
    (home / "spill").mkdir(exist_ok=True)
    shutil.copy(Path(seeded().name) / settings.warehouse.name, settings.warehouse)
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        shape = SHAPE if domain == "customers" else PRODUCT_SHAPE
        warehouse.register("given", pa.Table.from_pylist(records, schema=shape))
        warehouse.execute("create schema if not exists conformed")
        warehouse.execute(f"create or replace table conformed.conformed_{domain} as select * from given")
        warehouse.execute("""
            create or replace table conformed.conformed_customers__placeholders as
            select kind, part, value, reason from seeds.placeholder_values
        """)
        warehouse.execute(f"create or replace table seeds.match_overrides ({OVERRIDES})")
        if overrides:
            warehouse.executemany("insert into seeds.match_overrides values (?, ?, ?, ?, ?, ?, ?)", overrides)
    transform.run_dbt(settings, "run", "--select", f"matched.{domain}", "--exclude", f"matched_{domain}")

    def query(sql: str) -> list[tuple]:
        with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
            warehouse.execute("use matched")
            return warehouse.execute(sql).fetchall()

    return query


def clusters(query: Callable[[str], list[tuple]]) -> dict[str, str]:
    return dict(query("select record_id, cluster_id from matched_customers__clusters"))


@pytest.fixture(scope="session")
def crowd() -> list[dict]:
    return population()
