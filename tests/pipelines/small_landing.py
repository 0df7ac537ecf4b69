"""Writes small landings by hand, in the systems' own payloads, where a test needs records that say one exact thing."""

import hashlib
import json
from datetime import datetime

import pyarrow as pa

from pipelines.landing import LoadWriter, landing_schema, prepare_landing
from sources.contract import load_contracts

CONTRACTS = load_contracts()
READ_AT = datetime(2026, 3, 29, 15)


def land(landing, system, stream, rows, load=1, read_at=READ_AT):
    """One load of `rows`: (key, event time as ISO text, payload or native columns, None for a tombstone)."""
    contract = CONTRACTS[system]
    schema = landing_schema(contract, contract.streams[stream])
    prepare_landing({system: contract}, landing)
    load_id = f"{read_at:%Y%m%dT%H%M%S%f}-{load:08x}"
    writer = LoadWriter(landing, system, stream, load_id, schema)
    by = contract.streams[stream].freshness.by
    records = [_record(contract, stream, by, row, load_id, read_at) for row in rows]
    writer.write(pa.RecordBatch.from_pylist(records, schema))
    stamp = read_at.isoformat()
    return writer.commit(
        full=True,
        lower=None,
        upper=stamp,
        proven_until=stamp,
        position=None,
        extracted_at=stamp,
        contract_fingerprint="test",
    )


def _record(contract, stream, by, row, load_id, read_at):
    key, event, payload = row
    text = json.dumps(payload, default=str)
    own = {} if payload is None else payload if contract.kind == "sql" else {"_payload": text}
    return own | {
        "_system": contract.system,
        "_stream": stream,
        "_source_key": key,
        "_unit": payload.get(by) if payload and by else None,
        "_event_at": datetime.fromisoformat(event),
        "_event_text": event,
        "_extracted_at": read_at,
        "_load_id": load_id,
        "_payload_hash": None if payload is None else hashlib.sha256(text.encode()).hexdigest(),
        "_deleted": payload is None,
    }
