"""Loads appear whole or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import landing as landings
from pipelines.landing import (
    ENVELOPE,
    PAYLOAD,
    LoadWriter,
    damaged_loads,
    is_load_id,
    landed_hashes,
    manifests,
    next_load_id,
    prepare_landing,
    recover,
    stream_lock,
)
from sources.contract import Contract
from sources.errors import StreamBusy

SCHEMA = pa.schema([*ENVELOPE, PAYLOAD])
NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
AT = NOW.replace(tzinfo=None)
PROOF = {"full": True, "lower": None, "upper": AT.isoformat(), "proven_until": AT.isoformat(), "position": None}
PROOF |= {"extracted_at": AT.isoformat(), "contract_fingerprint": "c"}


def contract(kind="rest"):
    columns = {"id": {"type": "string"}, "amount": {"type": "decimal", "scale": 2}, "seen_at": {"type": "timestamp"}}
    stream = {"description": "Things.", "domain": "reference", "columns": columns}
    base = {"system": "acme", "kind": kind, "description": "A shop.", "owner": "us", "endpoint": "env:ACME"}
    return Contract.model_validate({**base, "streams": {"things": stream}})


def rows(keys, load_id="x", deleted=False, event_at=AT):
    count = len(keys)
    columns = {
        "_system": ["acme"] * count,
        "_stream": ["things"] * count,
        "_source_key": keys,
        "_unit": [None] * count,
        "_event_at": [event_at] * count,
        "_event_text": [None] * count,
        "_extracted_at": [AT] * count,
        "_load_id": [load_id] * count,
        "_payload_hash": [None if deleted else f"hash of {key} in {load_id}" for key in keys],
        "_deleted": [deleted] * count,
        "_payload": [None if deleted else "{}" for _ in keys],
    }
    return pa.RecordBatch.from_pydict(columns, SCHEMA)


def write(landing, keys, at=NOW, **settings):
    load_id, _ = next_load_id(manifests(landing, "acme", "things"), None, at)
    writer = LoadWriter(landing, "acme", "things", load_id, SCHEMA)
    writer.write(rows(keys, load_id, **settings))
    return writer


def visible(landing):
    return sorted(path.name for path in (landing / "acme" / "things").glob("*.parquet"))


def test_a_load_has_its_file_and_a_manifest_that_proves_it(tmp_path):
    manifest = write(tmp_path, ["1", "2"]).commit(**PROOF)
    assert visible(tmp_path) == [f"{manifest.load_id}.parquet"]
    assert (manifest.rows, manifest.deleted, manifest.full) == (2, 0, True)
    assert manifest.event_from == manifest.event_until == AT.isoformat()
    assert manifests(tmp_path, "acme", "things") == [manifest]
    assert damaged_loads(tmp_path) == []


def test_a_changed_file_is_reported_as_damaged(tmp_path):
    manifest = write(tmp_path, ["1"]).commit(**PROOF)
    path = tmp_path / "acme" / "things" / f"{manifest.load_id}.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert damaged_loads(tmp_path) == [f"acme/things/{manifest.load_id}"]


def test_a_load_under_way_is_invisible_and_swept(tmp_path):
    write(tmp_path, ["1"] * 25_000)
    assert visible(tmp_path) == []
    assert [path.suffix for path in recover(tmp_path)] == [".partial"]
    assert list((tmp_path / "acme" / "things").glob("*.partial")) == []


def test_a_file_without_a_manifest_is_swept_and_others_stay(tmp_path):
    kept = write(tmp_path, ["1"]).commit(**PROOF)
    lost = write(tmp_path, ["2"]).commit(**PROOF)
    (tmp_path / "acme" / "things" / "_manifest" / f"{lost.load_id}.json").unlink()
    assert [path.stem for path in recover(tmp_path)] == [lost.load_id]
    assert visible(tmp_path) == [f"{kept.load_id}.parquet"]


def test_recovery_leaves_a_stream_alone_that_is_being_extracted(tmp_path):
    writer = write(tmp_path, ["1"] * 25_000)
    with stream_lock(tmp_path, "acme", "things"):
        assert recover(tmp_path) == []
    assert writer.commit(**PROOF).rows == 25_000


def test_a_load_without_rows_leaves_nothing(tmp_path):
    writer = LoadWriter(tmp_path, "acme", "things", "20260329T150000000000-00000000", SCHEMA)
    assert writer.commit(**PROOF) is None
    assert visible(tmp_path) == []
    assert manifests(tmp_path, "acme", "things") == []


def test_only_one_run_of_a_stream_at_a_time(tmp_path):
    with stream_lock(tmp_path, "acme", "things"):
        with pytest.raises(StreamBusy, match="acme/things: another run"), stream_lock(tmp_path, "acme", "things"):
            raise AssertionError("two runs at once")
        with stream_lock(tmp_path, "acme", "others"):
            pass
    with stream_lock(tmp_path, "acme", "things"):
        pass


def test_load_ids_sort_by_time_even_if_the_clock_stands_still(tmp_path):
    ids = [write(tmp_path, [str(n)]).commit(**{**PROOF, "extracted_at": _extracted(n)}).load_id for n in range(5)]
    assert ids == sorted(ids)
    assert all(map(is_load_id, ids))
    assert next_load_id([], ids[-1], NOW - timedelta(days=1))[0] > ids[-1]


def _extracted(n):
    return (AT + timedelta(microseconds=n)).isoformat()


def test_the_last_hash_of_each_key_is_known_and_tombstones_are_null(tmp_path):
    first = write(tmp_path, ["1", "2"]).commit(**PROOF)
    later = {**PROOF, "extracted_at": _extracted(1)}
    write(tmp_path, ["2"], deleted=True).commit(**later)
    found = landed_hashes(tmp_path, "acme", "things")
    assert found == {"1": f"hash of 1 in {first.load_id}", "2": None}


def test_loads_whose_events_are_all_older_can_be_left_out(tmp_path):
    write(tmp_path, ["1"], event_at=AT - timedelta(days=3)).commit(**PROOF)
    write(tmp_path, ["2"]).commit(**{**PROOF, "extracted_at": _extracted(1)})
    assert set(landed_hashes(tmp_path, "acme", "things", since=AT - timedelta(days=1))) == {"2"}


@pytest.mark.parametrize("kind", ["rest", "sql"])
def test_every_stream_can_be_read_before_anything_has_landed(tmp_path, kind):
    prepare_landing({"acme": contract(kind)}, tmp_path)
    glob = f"{tmp_path}/acme/things/*.parquet"
    relation = duckdb.sql(f"select * from read_parquet('{glob}', union_by_name = true)")
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    assert relation.fetchall() == []
    assert list(types)[:10] == ENVELOPE.names
    own = {"_payload": "VARCHAR"} if kind == "rest" else {"amount": "DECIMAL(18,2)", "seen_at": "TIMESTAMP"}
    assert own.items() <= types.items()
    assert recover(tmp_path) == []


def test_a_changed_contract_renews_the_empty_file(tmp_path):
    prepare_landing({"acme": contract("rest")}, tmp_path)
    prepare_landing({"acme": contract("sql")}, tmp_path)
    assert "amount" in pq.read_schema(tmp_path / "acme" / "things" / f"{landings.EMPTY}.parquet").names


def test_a_quarantined_load_keeps_its_rows_the_broken_page_and_the_reason(tmp_path):
    writer = write(tmp_path, ["1"])
    path = writer.quarantine({"problem": "field x is gone"}, pa.table({"_payload": ["raw"]}))
    folder = tmp_path / "_quarantine" / "acme" / "things"
    assert path.parent == folder
    assert pq.read_table(path)["_payload"].to_pylist() == ["raw"]
    assert pq.read_table(folder / f"{writer.load_id}.parquet")["_source_key"].to_pylist() == ["1"]
    assert json.loads((folder / f"{writer.load_id}.json").read_text()) == {"problem": "field x is gone"}
    assert visible(tmp_path) == []
