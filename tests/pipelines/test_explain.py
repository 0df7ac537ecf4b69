"""Questions about a warehouse that does not hold what is asked for get an answer that helps."""

import math
import re
from datetime import datetime

import duckdb
import pytest
import sqlalchemy as sa

from pipelines import explain, ledger, suppression
from pipelines.lineage import NotFound
from pipelines.resources import Settings
from pipelines.review.waterfall import steps


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("record_id", "did not get so far; run `assay build`.*matched_products__evidence"),
        ("other", "another version's; run `assay build`.*record_id"),
    ],
)
def test_after_a_build_that_ended_early_or_was_of_another_version_the_answer_is_to_build(tmp_path, column, told):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute(f"create schema matched; create table matched.matched_customers__evidence ({column} varchar)")
    with pytest.raises(NotFound, match=told), explain.warehouse(settings) as db:
        explain.domain_of(settings, db, ["pos:1"])


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ("pos", "pos is not SYSTEM:KEY"),
        ("/tmp:1", "is not SYSTEM:KEY with a system of adyen"),
        ("pos:C9", "pos:C9: no load of pos holds that key"),
        ("pos:C1", "pos:C1: deleted at its source, as load b tells; `assay lineage record pos:C1` says what it was"),
        ("pos:C2", "pos:C2: erased on request, and refused since"),
        ("pos:C3", "pos:C3: landed in load a, but the last build has no evidence of it"),
    ],
)
def test_a_record_that_cannot_be_explained_is_told_by_what_became_of_it(tmp_path, record, told):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    erased = {"system": "pos", "digest": suppression.digest("pos", "C2"), "basis": "request 17"}
    with ledger.open_ledger(settings.ledger_url).begin() as connection:
        connection.execute(
            sa.insert(ledger.suppressions), {**erased, "erased_by": "us", "erased_at": datetime(2026, 3, 29)}
        )
    folder = settings.landing / "pos" / "customers"
    folder.mkdir(parents=True)
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute("create schema matched")
        for domain in explain.DOMAINS:
            warehouse.execute(f"create table matched.matched_{domain}__evidence (record_id varchar)")
        warehouse.execute(f"""
            copy (
                select *, timestamp '2026-03-29' as _event_at, 'customers' as _stream, _load_id as _extracted_at
                from (values ('C1', 'a', false), ('C1', 'b', true), ('C3', 'a', false))
                    as rows (_source_key, _load_id, _deleted)
            ) to '{folder / "all.parquet"}'
        """)
    with explain.warehouse(settings) as db, pytest.raises(NotFound, match=re.escape(told)):
        explain.domain_of(settings, db, [record])


def a_pair(address, rival):
    """Shared mobile, and an address held so often by one party, by members of a household and by chance."""
    terms = [
        explain.Term("prior", "share of all pairs", *map(math.log2, (2e-4, 1e-4, 1))),
        explain.Term("phone", "shared mobile", *map(math.log2, (0.65, 0.1, 1e-5))),
        explain.Term("address", *address),
    ]
    return explain.Explained("customers", "pos:1", "web:1", terms, explain.total(terms), rival, 3.5, True)


@pytest.mark.parametrize(
    ("level", "held", "rival", "told"),
    [
        ("different", (0.25, 0.02, 0.99), "household", "different: less usual still for two members of one household"),
        ("same home", (0.65, 0.9, 1e-5), "household", "same home: more usual still for two members of one household"),
        ("same home", (0.65, 0.2, 1e-5), "household", "same home"),
        ("different", (0.25, 0.02, 0.99), "chance", "different"),
    ],
)
def test_a_level_that_speaks_against_what_it_seems_says_what_it_is_held_against(level, held, rival, told):
    pair = a_pair((level, *map(math.log2, held)), rival)
    labels = {step.name: step.label for step in steps(pair)}
    assert (labels["address"], labels["before looking"]) == (told, "share of all pairs")
    between = "two members of one household" if rival == "household" else "two that only look alike"
    assert pair.question == f"one party, or {between}"
