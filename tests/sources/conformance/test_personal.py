"""Personal values stay in the landing, and an erased person leaves it for good."""

from __future__ import annotations

import json
import re

import pytest

from pipelines.erasure import erase
from pipelines.landing import damaged_loads
from sources.contract import NATIVE
from sources.errors import (
    ExtractError,
)
from sources.records import at_path
from tests.sources.conformance.subjects import (
    applies,
    broken_field,
    cursor,
    with_setting,
)


@applies(25)
def test_25_no_personal_value_leaves_the_landing(retail, caplog):
    caplog.set_level("DEBUG")
    said = [repr(retail.extract(retail.stream))]
    for fault in ("error_in_200", "drift", "html"):
        if retail.contract.kind not in NATIVE:
            retail.faults.set(retail.system, fault, **({"field": broken_field(retail)} if fault == "drift" else {}))
            with pytest.raises(ExtractError) as raised:
                retail.extract(retail.stream, full=True)
            said += [str(raised.value), repr(raised.value), repr(raised.value.__cause__)]
            retail.faults.clear()
    said += [record.getMessage() for record in caplog.records]
    said += [str(path) for path in retail.settings.landing.rglob("*")]
    said += [path.read_text() for path in retail.settings.landing.rglob("*.json")]
    said.append(repr(cursor(retail)))
    words, text = personal_words(retail), "\n".join(said)
    assert [word for word in words if word in text] == []


@applies(25, with_setting(lambda stream: stream.domain == "customers" or stream.about))
def test_25_an_erased_person_leaves_what_landed_and_does_not_come_back(retail):
    retail.extract(retail.stream)
    own, about = retail.spec.domain == "customers", retail.spec.about
    rows = retail.landed(retail.stream)
    person = next(key for row in rows if (key := row["_source_key"] if own else at_path(_content(row), about)))
    told = {key for key in personal_of(retail, rows, person)}
    erase(retail.settings, {retail.system: retail.contract}, [f"{retail.system}:{person}"], "asked", "me", retail.now)
    left = retail.landed(retail.stream)
    assert personal_of(retail, left, person) == set()
    assert len(left) >= len(rows) - (len(told) or 1)
    assert damaged_loads(retail.settings.landing) == []
    report = retail.extract(retail.stream, full=True)
    assert personal_of(retail, retail.landed(retail.stream), person) == set()
    assert report.deleted == 0


def personal_of(retail, rows, person):
    """Personal values that stand on rows of or about one person."""
    own, about = retail.spec.domain == "customers", retail.spec.about
    bodies = [_content(row) for row in rows if person == (row["_source_key"] if own else at_path(_content(row), about))]
    return {text for body in bodies for name in retail.spec.pii for text in _texts(at_path(body, name))}


def _content(row):
    return json.loads(row["_payload"] or "{}") if "_payload" in row else row


def personal_words(retail):
    """Values of columns of class pii, long enough not to stand in a text by chance."""
    words = set()
    for row in retail.landed(retail.stream):
        body = json.loads(row["_payload"] or "{}") if "_payload" in row else row
        for name in retail.spec.pii:
            words |= {
                text for text in _texts(at_path(body, name)) if len(text) >= 8 and not re.fullmatch(r"[\d-]+", text)
            }
    return words


def _texts(value):
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)
