"""A schema that changes is quarantined, named, and mended by the next run."""

from __future__ import annotations

import json
import sqlite3

import pytest

from pipelines.extract import Failure, extract_all
from sources.contract import NATIVE
from sources.errors import (
    Drift,
)
from tests.sources.conformance.subjects import (
    CONTRACTS,
    READERS,
    applies,
    assert_nothing_landed,
    broken_field,
    flagged,
)


@applies(16)
def test_16_a_renamed_field_is_quarantined_and_mended_by_the_next_run(retail):
    _breaks_and_is_mended(retail, {"to": "renamed"})


@pytest.mark.parametrize("change", [{}, {"retype": "list"}], ids=["removed", "retyped"])
@applies(16, READERS)
def test_16_a_lost_or_retyped_field_is_quarantined_and_mended_by_the_next_run(retail, change):
    _breaks_and_is_mended(retail, change)


def _breaks_and_is_mended(retail, change):
    field = broken_field(retail)
    if retail.contract.kind in NATIVE:
        renamed = _renamed_column if retail.contract.kind == "sql" else _lost_column
        with renamed(retail, field), pytest.raises(Drift, match=field):
            retail.extract(retail.stream)
    else:
        retail.faults.set(retail.system, "drift", field=field, **change)
        with pytest.raises(Drift):
            retail.extract(retail.stream)
        retail.faults.clear()
    assert_nothing_landed(retail)
    folder = retail.settings.landing / "_quarantine" / retail.system / retail.stream
    reason = json.loads(next(folder.glob("*.json")).read_text())
    assert reason["problem"]
    assert list(folder.glob("*-raw.parquet"))
    retail.extract(retail.stream)
    assert retail.alive(retail.stream).keys() == set(retail.keys(retail.stream)) - flagged(retail)


class _renamed_column:
    def __init__(self, retail, column):
        self.path, self.table = retail.folder / f"{retail.system}.db", retail.fake.STREAMS[retail.stream]
        self.column = column

    def __enter__(self):
        self._rename(self.column, "renamed")

    def __exit__(self, *_):
        self._rename("renamed", self.column)

    def _rename(self, column, to):
        with sqlite3.connect(self.path) as connection:
            connection.execute(f'alter table "{self.table}" rename column "{column}" to "{to}"')
        connection.close()


class _lost_column:
    """A file that lacks a column comes; then it comes again under its name, as it should have been."""

    def __init__(self, retail, column):
        self.retail, self.column = retail, column

    def __enter__(self):
        self._send(self.column)

    def __exit__(self, *_):
        self._send(None)

    def _send(self, without):
        retail = self.retail
        retail.fake.resend(retail.folder / f"{retail.system}.db", retail.stream, retail.now, without)


@pytest.mark.parametrize("system", CONTRACTS)
def test_16_one_streams_drift_stops_no_other(retails, tmp_path, system):
    retail = retails(system).begin(tmp_path / "home")
    first, *others = retail.contract.streams
    stream = retail.contract.streams[first]
    key = stream.columns[stream.key_paths[0]].model_copy(update={"type": "boolean"})
    broken = stream.model_copy(update={"columns": {**stream.columns, stream.key_paths[0]: key}})
    contract = retail.contract.model_copy(update={"streams": {**retail.contract.streams, first: broken}})
    outcome = extract_all({system: contract}, retail.settings, retail.now, resolve=retail.resolve)
    failed = {one.stream: one.kind for one in outcome if isinstance(one, Failure)}
    assert failed == {first: "Drift"}
    assert [one.stream for one in outcome if not isinstance(one, Failure)] == others
