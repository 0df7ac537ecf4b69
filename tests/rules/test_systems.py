"""docs/systems.md says of every system what is read of it, and where the rest is; the contracts say the same."""

from __future__ import annotations

import re
from pathlib import Path

from sources.contract import load_contracts

DOCUMENT = Path(__file__).parents[2] / "docs" / "systems.md"


def test_the_document_names_every_stream_of_every_system_under_its_domain():
    told = {}
    for system, streams, rest in re.findall(r"^\| (\w+) \| (.+?) \| (.+) \|$", DOCUMENT.read_text(), flags=re.M):
        if system == "system":
            continue
        assert rest.endswith("."), f"{system}: say where the rest is, in a sentence"
        for part in streams.split("; "):
            domain, _, names = part.partition(": ")
            told |= {(system, name): domain for name in re.findall(r"`(\w+)`", names)}
    read = {
        (system, name): stream.domain
        for system, contract in load_contracts().items()
        for name, stream in contract.streams.items()
    }
    assert told == read
