"""Every request to a vendor, and every answer of its stand-in, against the vendor's own specification.

The specifications lie in a folder beside the checkout; without it these tests are skipped.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from pipelines.connectors import connector_of, open_client
from sources.contract import load_contracts
from sources.errors import BadCredentials, MissingScope
from sources.estate.endpoints import write_whole
from sources.estate.world import NOW
from sources.http import Client
from tests.sources.served import Served, begin, first_day, serve, wait_for_nobody
from tests.sources.vendors import SYSTEMS

__all__ = ["first_day", "serve"]

BESIDE = [parent / "shared" / "specs" for parent in Path(__file__).parents]
SPECS = next((folder for folder in BESIDE if folder.is_dir()), BESIDE[0])
HOUR = timedelta(hours=1)
FORM = "application/x-www-form-urlencoded"

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="no vendors' specifications beside this checkout")


@dataclass
class Exchange:
    """One request that went over the wire, and the answer that came back."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: set[str]
    status: int
    body: Any
    sent: Any = None


@cache
def specification(file: str) -> dict[str, Any]:
    """The vendor's document, its OpenAPI 3.0 `nullable` said in JSON Schema's words."""
    document = json.loads((SPECS / f"{file}.json").read_text())
    for name, wrong in {pair for vendor in SYSTEMS.values() if file in vendor.files for pair in vendor.mistyped}:
        document["components"]["schemas"].get(name, {}).get("properties", {}).pop(wrong, None)
    return _nullable(document)


@cache
def registry(file: str) -> Registry:
    return Registry().with_resource(f"urn:{file}", DRAFT202012.create_resource(specification(file)))


@pytest.fixture(params=[name for name, vendor in SYSTEMS.items() if vendor.lists], scope="module")
def recorded(request, first_day, tmp_path_factory) -> tuple[Served, list[Exchange]]:
    """A system whose every stream has been read in full, then changed in all ways, read again, and made to refuse."""
    system = begin(request.param, first_day(request.param), tmp_path_factory.mktemp("recorded"))
    small = {name: one.model_copy(update={"page_size": 15}) for name, one in system.contract.streams.items()}
    system.contract = system.contract.model_copy(update={"streams": small})
    exchanges = []

    def keep(answer: httpx.Response) -> None:
        if answer.request.headers.get("content-type") != FORM:  # a token's endpoint has a document of its own
            exchanges.append(_exchange(answer))

    def opened() -> Client:
        client = open_client(system.contract, connector_of(system.contract), system.resolve)
        client.account.http.event_hooks["response"].append(keep)
        wait_for_nobody(client)
        return client

    def run(stream: str, now: datetime, client: Client, full: bool = False) -> None:
        write_whole(system.running.folder / "clock", now.isoformat())
        system.extract(stream, client=client, now=now, full=full)

    for stream in system.contract.streams:
        client = opened()
        run(stream, NOW, client)
        known = system.keys(stream)
        for key in known[:3]:
            system.touch(stream, key, NOW + HOUR)
        system.touch(stream, known[0], NOW + HOUR)
        if system.contract.streams[stream].delete_mode != "none":
            system.delete(stream, known[4], NOW + HOUR)
        run(stream, NOW + 2 * HOUR, client)
        run(stream, NOW + timedelta(days=1, hours=3), client)
        run(stream, NOW + timedelta(days=40), client)
        for fault in ("throttled", "expired_token", "missing_scope"):
            system.running.faults.set(request.param, fault, times=1, retry_after=0)
            if fault == "missing_scope":  # what a key may read is asked once
                client.close()
                client = opened()
            with suppress(BadCredentials, MissingScope):
                run(stream, NOW + timedelta(days=41), client, full=True)
            system.running.faults.clear()
        client.close()
    system.running.stop()
    return system, exchanges


def test_every_exchange_keeps_the_vendors_specification(recorded):
    system, exchanges = recorded
    assert len(exchanges) > 10 * len(system.contract.streams)
    grant = system.contract.auth.grant
    assert {200, 403, 429, grant.refused if grant else 401} <= {exchange.status for exchange in exchanges}
    violations = [problem for exchange in exchanges for problem in violations_of(system.system, exchange)]
    assert violations == []


def test_the_checker_itself_sees_violations(recorded):
    system, exchanges = recorded
    vendor = SYSTEMS[system.system]
    told = [one for one in exchanges if not re.fullmatch(vendor.silent, one.path)]
    good = next(one for one in told if one.status == 200 and next(iter(_lists(one.body)), None))
    many = [(name, "many" if name == vendor.number else value) for name, value in good.query]
    spelled = {"sent": good.sent | {vendor.number: "many"}} if good.sent else {"query": many}
    for spoil in (
        {"path": "/v1/nothing"},
        {"query": [*good.query, ("updated", "1")]},
        *([spelled] if vendor.number else []),
        {"headers": set()},
        {"body": _with(good.body, vendor.wrong) | vendor.around},
    ):
        spoiled = Exchange(**{**good.__dict__, **spoil})
        assert list(violations_of(system.system, spoiled)), spoil


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_stand_in_invents_a_field_and_no_contract_promises_one(serve, system):
    served = serve(system)
    silent, streams = SYSTEMS[system].silent, served.contract.streams
    told = {name for name, one in streams.items() if not (one.request and re.fullmatch(silent, one.request.path))}
    is_told = SYSTEMS[system].lists and not SYSTEMS[system].around
    assert is_told <= (SYSTEMS[system].records.keys() == told)
    client = open_client(served.contract, connector_of(served.contract), served.resolve)
    wait_for_nobody(client)
    for stream, schema in SYSTEMS[system].records.items():
        served.extract(stream, client=client)
        known = _record_fields(system, schema) | SYSTEMS[system].more
        answered = {field for row in served.rows(stream) for field in json.loads(row["_payload"])}
        promised = {column.split(".")[0] for column in served.contract.streams[stream].columns}
        assert answered - known == set()
        assert promised - known == set()
    client.close()


@pytest.mark.parametrize("system", [name for name, vendor in SYSTEMS.items() if vendor.dated])
def test_the_contract_pins_the_version_of_the_specification(system):
    versions = {specification(file)["info"]["version"] for file in SYSTEMS[system].files}
    assert load_contracts()[system].api_version in versions


def violations_of(system: str, exchange: Exchange):
    """What an exchange breaks, as sentences."""
    file, found = _operation(system, exchange)
    where = f"{exchange.method} {exchange.path}"
    if re.fullmatch(SYSTEMS[system].silent, exchange.path):
        return
    if found is None:
        yield f"{where}: no such operation"
        return
    if not SYSTEMS[system].security <= exchange.headers:
        yield f"{where}: no credentials"
    query = [one for one in exchange.query if one[0] not in SYSTEMS[system].unsaid]
    yield from (f"{where}: {problem}" for problem in _query_problems(file, found, query))
    if exchange.sent is not None:
        asked = next(iter(found["requestBody"]["content"].values()))["schema"]
        for error in _validator(file, asked).iter_errors(exchange.sent):
            yield f"{where}: body {error.json_path} {error.message[:200]}"
    if exchange.status in SYSTEMS[system].untold:
        return
    if exchange.body is None and str(exchange.status) in found["responses"]:
        return
    schema = _answer_schema(file, found, exchange.status)
    for error in _validator(file, schema).iter_errors(exchange.body):
        yield f"{where} -> {exchange.status}: {error.json_path} {error.message[:200]}"


def _operation(system: str, exchange: Exchange) -> tuple[str, dict[str, Any] | None]:
    for file in SYSTEMS[system].files:
        for template, operations in specification(file)["paths"].items():
            if re.fullmatch(SYSTEMS[system].below + re.sub(r"\{\w+\}", "[^/]+", template), exchange.path):
                found = operations.get(exchange.method.lower())
                shared = operations.get("parameters", [])
                return file, found and {**found, "parameters": [*shared, *found.get("parameters", [])]}
    return "", None


def _answer_schema(file: str, operation: dict[str, Any], status: int) -> dict[str, Any]:
    """Voucherify's document describes only success; its errors have a schema of their own."""
    answers = operation["responses"]
    answer = answers.get(str(status)) or answers.get(f"{status // 100}XX") or answers.get("default")
    if answer is None:
        return {"$ref": "#/components/schemas/Error"}
    answer = _resolved(file, answer)
    return answer["schema"] if "schema" in answer else next(iter(answer["content"].values()))["schema"]


def _query_problems(file: str, operation: dict[str, Any], query: list[tuple[str, str]]):
    parameters = [_resolved(file, parameter) for parameter in operation.get("parameters", [])]
    known = {parameter["name"]: parameter for parameter in parameters if parameter.get("in") == "query"}
    given: dict[str, Any] = {}
    for name, text in query:
        stem, _, inner = name.partition("[")
        if name in known:
            given[name] = text
        elif stem in known and inner == "]":
            given.setdefault(stem, []).append(text)
        elif stem in known and inner:
            given.setdefault(stem, {})[inner[:-1]] = text
        else:
            yield f"unknown parameter {name}"
    for name, value in given.items():
        validator = _validator(file, known[name].get("schema") or _of_swagger(known[name]))
        if not any(validator.is_valid(reading) for reading in _readings(value)):
            yield f"parameter {name} does not fit its schema"
    for name, parameter in known.items():
        if parameter.get("required") and name not in given:
            yield f"parameter {name} is missing"


def _of_swagger(parameter: dict[str, Any]) -> dict[str, Any]:
    """The schema that Swagger 2 writes into the parameter itself."""
    return {name: value for name, value in parameter.items() if name not in ("name", "in", "required", "description")}


def _readings(value: Any) -> list[Any]:
    """What a text in a query may mean: itself, a number, a truth value or a list, alike inside objects and lists."""
    if isinstance(value, dict):
        return [value, {key: _readings(one)[1] for key, one in value.items()}]
    if isinstance(value, list):
        return [value, [_readings(one)[1] for one in value]]
    if re.fullmatch(r"-?\d+", value):
        return [value, int(value)]
    return [value, {"true": True, "false": False}.get(value, value), value.split(",")]


def _validator(file: str, schema: dict[str, Any]) -> Draft202012Validator:
    checked = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(_rooted(file, schema), registry=registry(file), format_checker=checked)


def _rooted(file: str, schema: Any) -> Any:
    """The same schema with references that name the document."""
    if isinstance(schema, dict):
        return {
            key: f"urn:{file}{inner}" if key == "$ref" and isinstance(inner, str) else _rooted(file, inner)
            for key, inner in schema.items()
        }
    return [_rooted(file, inner) for inner in schema] if isinstance(schema, list) else schema


def _resolved(file: str, value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        found: Any = specification(file)
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/")]
        value = found
    return value


def _record_fields(system: str, name: str) -> set[str]:
    """The fields of a record's schema, in whichever of the vendor's documents it stands."""
    for file in SYSTEMS[system].files:
        document = specification(file)
        named = document.get("components", {}).get("schemas", document.get("definitions", {}))
        schema = {"$ref": name} if name.startswith("#/") else named.get(name)
        if schema:
            return _properties(file, schema)
    raise KeyError(name)


def _properties(file: str, schema: dict[str, Any]) -> set[str]:
    schema = _resolved(file, schema)
    return set(schema.get("properties", {})).union(*(_properties(file, part) for part in schema.get("allOf", [])))


def _nullable(value: Any) -> Any:
    if isinstance(value, list):
        return [_nullable(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _nullable(one) for key, one in value.items() if key != "nullable"}
    if value.get("nullable") is not True:
        return plain
    return {"anyOf": [plain, {"type": "null"}]}


def _exchange(answer: httpx.Response) -> Exchange:
    answer.read()
    asked = answer.request
    query = parse_qsl(asked.url.query.decode(), keep_blank_values=True)
    sent = json.loads(asked.content) if asked.content and asked.headers.get("content-type") != FORM else None
    body = answer.json() if answer.content else None
    return Exchange(asked.method, asked.url.path, query, set(asked.headers), answer.status_code, body, sent)


def _lists(body: Any) -> list[Any]:
    """The first list of the body, or of an object in it."""
    for value in body.values() if isinstance(body, dict) else ():
        if found := value if isinstance(value, list) else _lists(value):
            return found
    return []


def _with(body: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """The body with the first record of each list spoiled."""
    return {key: _spoiled(value, fields) for key, value in body.items()}


def _spoiled(value: Any, fields: dict[str, Any]) -> Any:
    if isinstance(value, list) and value:
        return [{**value[0], **fields}, *value[1:]]
    return _with(value, fields) if isinstance(value, dict) else value
