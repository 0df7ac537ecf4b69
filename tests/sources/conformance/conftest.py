"""The system of the stream under test."""

from __future__ import annotations

import pytest

from sources import files, sql


@pytest.fixture
def retail(request, retails, tmp_path, monkeypatch):
    """The system of the stream under test, begun anew, with `stream` and `spec` set."""
    system, stream = request.param.split("/")
    monkeypatch.setattr(sql, "ROWS_A_PAGE", 15)
    monkeypatch.setattr(files, "ROWS_A_PAGE", 15)
    found = retails(system).begin(tmp_path / "home")
    found.stream, found.spec = stream, found.contract.streams[stream]
    yield found
    found.faults.clear()
