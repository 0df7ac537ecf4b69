"""The extraction kernel's one HTTP client: connection reuse, shared rate budget, retries, and distrust of answers.

An answer counts only when it is complete, JSON, and free of an error in its body. Paging is in paging.py.
"""

from __future__ import annotations

import json
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import orjson

from sources import errors
from sources.budget import Allowance, Reading, allowance
from sources.contract import Contract
from sources.errors import (
    BadBody,
    BadCredentials,
    ExtractError,
    MissingScope,
    ServerFault,
    SourceError,
    StalledBody,
    Throttled,
    TruncatedBody,
    Unreachable,
)
from sources.facts import ErrorObject
from sources.records import at_path
from sources.tokens import Tokens

# httpx logs every URL, and a URL may hold personal values in its parameters.
logging.getLogger("httpx").setLevel(logging.WARNING)

SURROGATES = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..")
"""An escaped backslash, a whole character of two escapes, or half a one, which is all of six bytes and no text."""
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Patience:
    """How long one request may take, in seconds; waits that the vendor asks for come on top, up to `told_wait_s`."""

    connect_s: float = 10
    silence_s: float = 20
    attempt_s: float = 60
    total_s: float = 85
    attempts: int = 6
    backoff_s: float = 0.4
    backoff_cap_s: float = 15
    told_wait_s: float = 600
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Verdict:
    """A connector's reading of an answer that is an error: `error` is a type from sources.errors."""

    error: type[ExtractError]
    problem: str
    remedy: str | None = None
    wait_s: float | None = None


Judge = Callable[[int, Mapping[str, str], Any], Verdict | None]
Meter = Callable[[Any], Reading | None]


@dataclass
class Account:
    """What all streams of one system share: connections, allowance, the server's clock as last heard, permissions."""

    system: str
    base_url: str
    http: httpx.Client
    budget: Allowance
    budgets: Mapping[str, Allowance] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    judge: Judge | None = None
    error: ErrorObject | None = None
    meter: Meter | None = None
    server_at: datetime | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)
    _granted: list[str] | None = None
    _asking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def granted(self, probe: Callable[[], list[str]]) -> list[str]:
        """The permissions that `probe` finds; the first stream asks for all of them."""
        with self._asking:
            if self._granted is None:
                self._granted = probe()
            return self._granted

    def address(self, path: str) -> str:
        """The whole address, what the path names among the contract's references filled in; it may name a host."""
        host, closed, rest = path[1:].partition("}") if path.startswith("{") else ("", "", path)
        base_url, path = (self.hosts[host].rstrip("/"), rest) if closed else (self.base_url, path)
        for name, value in self.places.items():
            path = path.replace(f"{{{name}}}", value)
        return base_url + path


@dataclass
class Client:
    """One stream's way to its system. `get` and `post` return decoded JSON or raise an ExtractError.

    `answer` is the last one, for quarantine should the connector not understand it; `headers` are its own.
    """

    account: Account
    stream: str = "*"
    exact: bool = False
    calls: int = 0
    answer: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def on(self, stream: str, exact: bool = False) -> Client:
        """The same account for another stream. `exact` decodes fractions as Decimal instead of float."""
        return replace(self, stream=stream, exact=exact, calls=0, answer=None, _lock=threading.Lock())

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        cost: float = 1.0,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """GET `path` below the account's address; `cost` in the budget's points."""
        return self._ask("GET", path, cost, params=params, headers=headers)

    def post(
        self,
        path: str,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        cost: float = 1.0,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """POST a JSON body. Only for requests that read: they are repeated after a failure."""
        headers = {"content-type": "application/json", **(headers or {})}
        return self._ask("POST", path, cost, params=params, content=orjson.dumps(json), headers=headers)

    def fail(self, error: type[ExtractError], problem: str, remedy: str | None = None) -> ExtractError:
        """An error of this stream, at the page now being read."""
        return error(self.account.system, self.stream, problem, remedy, page=self.calls + 1)

    @property
    def server_at(self) -> datetime | None:
        """The server's clock at its last answer, aware UTC."""
        return self.account.server_at

    def close(self) -> None:
        """Give the connections back."""
        self.account.http.close()

    def _ask(self, method: str, path: str, cost: float, **request: Any) -> Any:
        patience, budget = self.account.patience, self._budget
        give_up, told, attempt = patience.clock() + patience.total_s, 0.0, 0
        while True:
            attempt, before = attempt + 1, patience.clock()
            budget.take(cost)
            asked = patience.clock()
            give_up += asked - before  # our turn may come later than any answer may take
            try:
                body = self._once(method, path, cost, min(give_up - asked, patience.attempt_s), **request)
            except ExtractError as error:
                wait = self._wait(error, attempt, told, give_up)
                if error.wait_s is not None:
                    told, give_up = told + wait, give_up + wait
                    budget.pause(wait)
                else:
                    patience.sleep(wait)
                continue
            with self._lock:
                self.calls, self.answer = self.calls + 1, body
            return body

    @property
    def _budget(self) -> Allowance:
        """The stream's own rate where the vendor states one, else the account's."""
        return self.account.budgets.get(self.stream, self.account.budget)

    def _wait(self, error: ExtractError, attempt: int, told: float, give_up: float) -> float:
        """Seconds until the next attempt; raises the error when there shall be none."""
        patience = self.account.patience
        if not error.retryable:
            raise error
        if error.wait_s is not None:
            if told + error.wait_s > patience.told_wait_s:
                raise error
            return max(error.wait_s, 0.05)
        backoff = min(patience.backoff_cap_s, patience.backoff_s * 2 ** (attempt - 1))
        wait = backoff * random.uniform(0.5, 1)
        spent = attempt >= patience.attempts and not isinstance(error, Throttled)
        if spent or patience.clock() + wait >= give_up:
            raise error
        return wait

    def _once(self, method: str, path: str, cost: float, seconds: float, **request: Any) -> Any:
        account, reading = self.account, None
        try:
            response, content = self._exchange(method, path, seconds, **request)
            self._heard(response)
            self.headers = response.headers
            body = self._decode(response, content)
            reading = account.meter(body) if account.meter else None
            self._refuse_errors(response, body)
            return body
        finally:
            self._budget.settle(cost, reading)

    def _exchange(self, method: str, path: str, seconds: float, **request: Any) -> tuple[httpx.Response, bytes]:
        patience, deadline = self.account.patience, time.monotonic() + seconds
        timeout = httpx.Timeout(min(patience.silence_s, seconds), connect=min(patience.connect_s, seconds))
        try:
            with self.account.http.stream(method, self.account.address(path), timeout=timeout, **request) as response:
                chunks = []
                for chunk in response.iter_bytes():
                    chunks.append(chunk)
                    if time.monotonic() > deadline:
                        raise self.fail(StalledBody, f"the body had not ended after {seconds:.0f} s")
        except httpx.ReadTimeout:
            silence = min(patience.silence_s, seconds)
            raise self.fail(StalledBody, f"the system fell silent for {silence:.0f} s") from None
        except httpx.RemoteProtocolError:
            raise self.fail(TruncatedBody, "the connection closed before the answer was complete") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise self.fail(Unreachable, f"no answer from the system ({type(error).__name__})") from None
        expected = response.headers.get("content-length")
        if expected is not None and int(expected) != response.num_bytes_downloaded:
            problem = f"{response.num_bytes_downloaded} of {expected} announced bytes came"
            raise self.fail(TruncatedBody, problem)
        return response, b"".join(chunks)

    def _decode(self, response: httpx.Response, content: bytes) -> Any:
        kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
        is_json = kind.endswith(("/json", "+json"))
        if not response.is_success and not is_json:
            return None
        if response.status_code == 204:
            return {}
        if not content.strip():
            raise self.fail(BadBody, f"HTTP {response.status_code} with an empty body")
        if not is_json:
            raise self.fail(BadBody, f"HTTP {response.status_code} with {kind or 'no content type'} instead of JSON")
        if b"\\ud" in content or b"\\uD" in content:  # an emoji that was cut in half must not cost its stream
            content = SURROGATES.sub(lambda found: rb"\ufffd" if len(found[0]) == 6 else found[0], content)
        try:
            return json.loads(content, parse_float=Decimal) if self.exact else orjson.loads(content)
        except ValueError:
            problem = f"HTTP {response.status_code} with a body that is not JSON"
        try:
            content.decode()
        except UnicodeDecodeError as error:
            problem = f"HTTP {response.status_code} with JSON that is not UTF-8, at byte {error.start:,}"
            raise self.fail(BadBody, problem, "have the system answer in UTF-8, as JSON must be") from None
        raise self.fail(BadBody, problem)

    def _refuse_errors(self, response: httpx.Response, body: Any) -> None:
        account, status = self.account, response.status_code
        verdict = account.judge(status, response.headers, body) if account.judge else None
        verdict = verdict or (by_facts(account.error, status, body) if account.error else None)
        if verdict is None and response.is_success:
            return
        verdict = verdict or _by_status(status)
        wait = verdict.wait_s
        if wait is None and issubclass(verdict.error, Throttled | ServerFault):
            wait = told_wait(response.headers)
        error = self.fail(verdict.error, verdict.problem, verdict.remedy)
        error.wait_s = wait
        raise error

    def _heard(self, response: httpx.Response) -> None:
        stamp = response.headers.get("date")
        if stamp:
            self.account.server_at = _http_date(stamp)
        self._budget.heed(response.headers)


def connect(
    contract: Contract,
    resolve: Callable[[str], str],
    headers: Mapping[str, str] | None = None,
    auth: httpx.Auth | tuple[str, str] | None = None,
    judge: Judge | None = None,
    meter: Meter | None = None,
    patience: Patience | None = None,
    keep: Path | None = None,
) -> Client:
    """A client for a REST or GraphQL system, with the contract's credentials; take `client.on(stream)` for each stream.

    `judge(status, headers, body)` may read errors that the contract's facts do not; `meter(body)` the vendor's cost
    figures. `keep`: folder for what all processes that use the account share, its allowance and its tokens.
    """
    base_url = resolve(contract.endpoint).rstrip("/")
    parts = urlsplit(base_url)
    secrets = {name: resolve(reference) for name, reference in contract.secrets.items()}
    secrets["api_version"] = contract.api_version or ""
    stated = {name: template.format(**secrets) for name, template in contract.auth.headers.items()}
    if contract.auth.basic:
        auth = tuple(template.format(**secrets) for template in contract.auth.basic)
    elif contract.auth.grant:
        auth = Tokens(contract.system, contract.auth.grant, base_url, secrets, keep)
    http = httpx.Client(
        headers={"accept": "application/json", "user-agent": "assay", **stated, **(headers or {})},
        auth=auth,
        limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
        trust_env=parts.hostname not in LOOPBACK,
        verify=parts.scheme == "https",
    )
    own = {name: stream.budget for name, stream in contract.streams.items() if stream.budget}
    budgets = {name: allowance(budget, keep and keep / f"{contract.system}-{name}") for name, budget in own.items()}
    return Client(
        Account(
            contract.system,
            base_url,
            http,
            allowance(contract.budget, keep and keep / contract.system),
            budgets,
            patience or Patience(),
            judge,
            contract.error,
            meter,
            places={name: quote(value, safe="") for name, value in secrets.items()},
            hosts=secrets,
        )
    )


def by_facts(facts: ErrorObject, status: int, body: Any) -> Verdict | None:
    """The error that the contract's facts find in a body; only its code passes, its texts may repeat a value."""
    found = [one for path in facts.code if (one := at_path(body, path))]
    if not found:
        return None
    code = found[0] if isinstance(found[0], str | int) else "without a code"
    said = at_path(body, facts.status) if facts.status else None
    meant = said if isinstance(said, int) and said >= 400 else status
    known = facts.kinds.get(str(code))
    kind = getattr(errors, known) if known else _by_status(meant).error
    return Verdict(kind, f"HTTP {status} carries an error, {code}")


def told_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that an answer's headers ask us to wait, or None if they are silent.

    Reads Retry-After (seconds or HTTP date) and the common forms of a bucket's reset (seconds, or epoch seconds).
    """
    now = now or datetime.now(UTC)
    asked = headers.get("retry-after", "").strip()
    if asked:
        date = None if _number(asked) is not None else _http_date(asked)
        return max(0.0, (date - now).total_seconds()) if date else _number(asked)
    for name in ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"):
        reset = _number(headers.get(name, ""))
        if reset is not None:
            return max(0.0, reset - now.timestamp()) if reset > 1e9 else reset
    return None


def _by_status(status: int) -> Verdict:
    if status == 429:
        return Verdict(Throttled, "HTTP 429, the rate limit is used up")
    if status == 401:
        return Verdict(BadCredentials, "HTTP 401, the credential is wrong, expired or revoked")
    if status == 403:
        return Verdict(MissingScope, "HTTP 403, the credential lacks a permission")
    if status >= 500 or status == 408:
        return Verdict(ServerFault, f"HTTP {status}")
    return Verdict(SourceError, f"HTTP {status}, the request is refused")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
