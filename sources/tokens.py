"""OAuth access tokens: asked for once, shared by all who use the account, renewed before and after they expire.

A refresh token that the vendor exchanges for a new one is kept before the access token is used: whoever is killed in
between loses nothing. Two processes never burn it twice, for the file is locked meanwhile.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sources.errors import BadCredentials, ServerFault
from sources.facts import Grant

_EARLY_S = 60


class Tokens(httpx.Auth):
    """Puts the access token on each request; a refusal renews it once. `keep` is the folder of the shared file."""

    def __init__(
        self, system: str, grant: Grant, base_url: str, secrets: Mapping[str, str], keep: Path | None = None
    ) -> None:
        host = secrets[grant.host].rstrip("/") if grant.host else base_url
        self._system, self._grant, self._url, self._secrets = system, grant, host + grant.path, secrets
        self._path = keep / f"{system}.token" if keep else None
        self._lock, self._held_here = threading.Lock(), {}

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """httpx's way: requests out, answers in."""
        token = yield from self._token(None, request.extensions)
        request.headers[self._grant.header] = self._worn(token)
        answer = yield request
        if answer.status_code == self._grant.refused:
            token = yield from self._token(token, request.extensions)
            request.headers[self._grant.header] = self._worn(token)
            yield request

    def _worn(self, token: str) -> str:
        return f"Bearer {token}" if self._grant.header == "authorization" else token

    def _token(self, refused: str | None, patience: Mapping[str, Any]) -> Generator[httpx.Request, httpx.Response, str]:
        """A token that is valid and not `refused`: the one at hand, or a new one."""
        with self._held() as held:
            if held.get("access") in (None, refused) or held["until"] < time.time() + _EARLY_S:
                answer = yield self._ask(held, patience)
                answer.read()
                held |= self._read(answer, held)
                self._write(held)
            return held["access"]

    def _ask(self, held: Mapping[str, Any], patience: Mapping[str, Any]) -> httpx.Request:
        """The request for a token; it is borne as long as the one that needs it, else it would be for ever."""
        grant, form = self._grant, {"grant_type": self._grant.kind}
        form |= {name: template.format(**self._secrets) for name, template in grant.params.items()}
        if grant.refresh:
            form["refresh_token"] = held.get("refresh") or self._secrets[grant.refresh]
        headers = {"accept": "application/json"}
        content = {"data": form} if grant.sent == "form" else {"json": form}
        request = httpx.Request("POST", self._url, **content, headers=headers, extensions=dict(patience))
        if not grant.basic:
            return request
        user, password = (template.format(**self._secrets) for template in grant.basic)
        return next(httpx.BasicAuth(user, password).sync_auth_flow(request))

    def _read(self, answer: httpx.Response, held: Mapping[str, Any]) -> dict[str, Any]:
        if answer.status_code >= 500 or answer.status_code == 429:
            raise ServerFault(self._system, "*", f"HTTP {answer.status_code} instead of an access token")
        try:
            body = answer.json()
            until = time.time() + float(body["expires_in"])
            fresh = body.get("refresh_token") or held.get("refresh")
            return {"access": body["access_token"], "until": until, "refresh": fresh}
        except (ValueError, KeyError, TypeError):
            problem = (
                f"HTTP {answer.status_code} instead of an access token: the client or its refresh token is revoked"
            )
            raise BadCredentials(self._system, "*", problem) from None

    @contextmanager
    def _held(self) -> Iterator[dict[str, Any]]:
        """What is known of the tokens, for this thread and process alone."""
        with self._lock:
            if self._path is None:
                yield self._held_here
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield json.loads(self._path.read_bytes()) if self._path.exists() else {}

    def _write(self, held: Mapping[str, Any]) -> None:
        if self._path is None:
            return
        partial = self._path.with_suffix(".partial")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(held, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self._path)
