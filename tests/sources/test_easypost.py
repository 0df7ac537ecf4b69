"""EasyPost's recorded exchanges: what the kernel makes of each answer, how it pages, and the contract of the records.

The recordings lie in a folder beside the checkout; without it these tests are skipped.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from pipelines.intake import Intake
from sources import rest
from sources.contract import load_contracts
from sources.errors import ExtractError, SourceError
from sources.records import Window, at_path
from tests.sources.replay import answered, beside, data, expected

CASSETTES = beside("easypost_cassettes") / "tests/cassettes"
CONTRACT = load_contracts()["easypost"]
NOW = datetime(2025, 3, 8, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not CASSETTES.is_dir(), reason="EasyPost's recordings do not lie beside this checkout")


def recorded(name: str = "*") -> list[dict[str, Any]]:
    files = sorted(CASSETTES.glob(f"{name}.yaml"))
    taken = [one for file in files for one in yaml.load(file.read_text(), yaml.CSafeLoader)["interactions"]]
    return [
        {"uri": one["request"]["uri"], "status": one["response"]["status"]["code"], "said": _body(one)} for one in taken
    ]


def _body(interaction: dict[str, Any]) -> Any:
    text = interaction["response"]["body"]["string"]
    return json.loads(text) if text[:1] in ("{", "[") else None


def test_every_recorded_answer_is_taken_as_data_or_refused_as_what_it_is():
    every, seen, wrong = recorded(), Counter(), []
    client = answered(CONTRACT, lambda request: answers[request.url.path])
    answers = {f"/{number}": (one["status"], one["said"]) for number, one in enumerate(every)}
    for path, (status, said) in answers.items():
        try:
            ended, body = None, client.get(path)
        except ExtractError as error:
            ended, body = type(error), None
        if (
            ended is not expected(status, at_path(said, "error.code"), said, {})
            or not ended
            and body != data(status, said)
        ):
            wrong.append((path, status, ended))
        seen[ended] += 1
    client.close()
    assert wrong == []
    assert sum(seen.values()) == 283
    assert seen.keys() >= {None, SourceError}


@pytest.mark.parametrize("stream", CONTRACT.streams)
def test_pages_are_asked_for_as_the_vendors_own_client_asks_and_their_records_keep_the_contract(stream):
    pages = recorded(f"test_{stream[:-1]}_get_next_page")
    asked = []

    def say(request):
        asked.append(request.url.params.get("before_id"))
        if len(asked) > len(pages):
            return 200, {stream: [], "has_more": False}
        return 200, pages[len(asked) - 1]["said"]

    client = answered(CONTRACT, say)
    spec = CONTRACT.streams[stream].model_copy(update={"page_size": 5})
    intake = Intake(CONTRACT, stream, "load", {})
    for page in rest.read(client, spec, Window(None, NOW)):
        intake.rows(page, datetime(2026, 3, 29))
    client.close()
    own = [one["uri"].partition("before_id=")[2].partition("&")[0] or None for one in pages]
    assert asked[: len(own)] == own
    assert intake.received == sum(len(one["said"][stream]) for one in pages) > 0
    assert not [warning for warning in intake.warnings if "new field" in warning]
