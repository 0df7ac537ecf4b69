"""Xero's refresh tokens, each good once: the one that was kept must be the one that the system expects next."""

from __future__ import annotations

import json

import httpx

from sources.estate.server import start
from sources.estate.standin import basic
from sources.xero.fake import CREDENTIALS
from tests.sources.served import PROFILE, first_day, serve

__all__ = ["first_day", "serve"]


def test_the_token_that_was_kept_is_good_for_the_next_process_and_after_the_system_came_up_anew(serve):
    books = serve("xero")
    assert books.extract("contacts").rows == len(books.keys("contacts"))
    kept = json.loads((books.settings.accounts / "xero.token").read_text())["refresh"]
    assert kept != CREDENTIALS["XERO_REFRESH_TOKEN"]
    books.running.stop()
    with start(PROFILE, books.running.folder.parent.parent, systems=("xero",)) as again:
        books.running = again
        assert books.extract("payments").rows == len(books.keys("payments"))
    assert json.loads((books.settings.accounts / "xero.token").read_text())["refresh"] != kept


def test_a_refresh_token_that_was_used_is_refused(serve):
    books = serve("xero")
    client = basic(CREDENTIALS["XERO_CLIENT_ID"], CREDENTIALS["XERO_CLIENT_SECRET"])

    def refreshed(token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        headers = {"authorization": client}
        return httpx.post(f"{books.url}/connect/token", data=form, headers=headers, trust_env=False)

    first = refreshed(CREDENTIALS["XERO_REFRESH_TOKEN"]).json()["refresh_token"]
    assert refreshed(first).status_code == 200
    assert refreshed(first).json() == {"error": "invalid_grant"}
