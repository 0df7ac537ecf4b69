"""Receipts are read back whole, record by record, however the pages fall."""

from datetime import UTC, datetime

import pytest

from pipelines.ledger import open_ledger
from pipelines.publish import receipts
from pipelines.publish.receipts import Outcome
from pipelines.publish.store import Line

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)


@pytest.mark.parametrize("page", [1, 2, 3, 4, 5, 7, 12, 13, 1000])
def test_every_receipt_comes_once_with_its_record_the_last_record_first(tmp_path, page):
    engine = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    fields = {1: "abc", 2: "a", 5: "abcd", 6: "ab", 9: "ab"}
    with engine.begin() as connection:
        run = receipts.begin(connection, "apply", "plan-1", "assay uuid", NOW)
        outcomes = [
            Outcome(
                Line("res_partner", "update", f"C-{line}", line, {}, {}, line=line),
                "done",
                line,
                written={name: (None, name) for name in names},
            )
            for line, names in fields.items()
        ]
        receipts.record(connection, run, outcomes, NOW)
    read = [(rows[0].line, "".join(row.field for row in rows)) for rows in receipts.by_record(engine, run, page)]
    assert read == sorted(fields.items(), reverse=True)


def test_a_run_without_receipts_reads_as_nothing(tmp_path):
    engine = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with engine.begin() as connection:
        run = receipts.begin(connection, "apply", "plan-1", "assay uuid", NOW)
    assert list(receipts.by_record(engine, run)) == []
