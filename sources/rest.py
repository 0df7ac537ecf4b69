"""Reads a stream as its contract's request says: filters, passes, pages, totals, deleted records and keys.

What is peculiar to one system is a fact in its contract, or a generator in its connector; never a branch here.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any
from urllib.parse import quote, urlsplit

from sources.contract import Stream
from sources.errors import CapCrossed, Drift, NothingThere, ShortRead
from sources.facts import Request
from sources.http import Client
from sources.paging import follow
from sources.records import Page, Tombstone, Window, at_path, key_text, to_utc

_STEPS_BACK = 100
Sums = tuple[int, int] | None


def read(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """The pages of the window, then how many records the source counts, at the beginning and at the end of reading.

    A window that holds more than the vendor shows is read in halves.
    """
    request = stream.request
    if request.behind and window.newest:
        request = request.model_copy(update={"upper": None})
    filtered = request.lower or request.newest_first or request.parent and request.parent.lower
    lower = window.lower - request.tail if filtered and window.lower else None
    sums = yield from _part(client, stream, request, lower, window.upper, window.cursor)
    for total in dict.fromkeys(sums or ()):
        yield Page([], total=total)


def keys(client: Client, stream: Stream) -> Iterator[list[str]]:
    """The key of every record that is left, from the same list; without a window unless a cap ends it."""
    request = stream.request.model_copy(update={"params": stream.request.params | stream.request.sweep})
    capped = stream.page_cap and request.lower and stream.horizon
    upper = datetime.now(UTC)
    for page in _part(client, stream, request, upper - stream.horizon if capped else None, upper, None):
        yield [key_text(record, stream.key_paths) for record in page.records]


def deleted(client: Client, stream: Stream, window: Window) -> Iterator[Tombstone]:
    """What the list of deleted records says of the window."""
    request = stream.deleted
    params = request.params | _bounds(request, window.lower if request.lower else None, window.upper)
    for page in pages(client, request, stream, params):
        for record in page.records:
            at = at_path(record, request.at) if request.at else None
            yield Tombstone(str(at_path(record, request.key)), None if at is None else str(at))


def pages(
    client: Client, request: Request, stream: Stream, params: Mapping[str, Any], start: Any = None
) -> Iterator[Page]:
    """The pages of one list; `start` is a token kept from an earlier run. Raises as `follow` does."""
    return follow(client, _Pager(client, request, stream, dict(params)).page, start, stream.page_cap)


def bounded(request: Request, window: Window) -> dict[str, Any]:
    """The parameters of the first page of a window, but for its place and size."""
    return request.params | _bounds(request, window.lower, window.upper)


def phrased(request: Request, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with those of a query language written out; what stands in a sentence is not sent by itself."""
    said = {name for text in request.phrased.values() for _, name, _, _ in Formatter().parse(text) if name}
    plain = {name: value for name, value in params.items() if name not in said}
    return plain | {name: text.format(**params) for name, text in request.phrased.items()}


def _part(
    client: Client, stream: Stream, request: Request, lower: datetime | None, upper: datetime, start: Any
) -> Generator[Page, None, Sums]:
    try:
        return (yield from _passes(client, stream, request, lower, upper, start))
    except CapCrossed:
        if lower is None or not request.upper or upper - lower <= 2 * stream.resolution:
            raise
    middle = lower + (upper - lower) / 2
    middle = middle.replace(microsecond=0) if stream.resolution >= timedelta(seconds=1) else middle
    late = middle - (timedelta(0) if stream.lower_inclusive else stream.resolution)
    early = middle + (timedelta(0) if stream.upper_inclusive else stream.resolution)
    one = yield from _part(client, stream, request, lower, early, start)
    other = yield from _part(client, stream, request, late, upper, start)
    # What stands on the edge may be counted twice, so that the halves prove no total.
    return None if one is None or other is None or stream.lower_inclusive else (one[0] + other[0], one[1] + other[1])


def _passes(
    client: Client, stream: Stream, request: Request, lower: datetime | None, upper: datetime, start: Any
) -> Generator[Page, None, Sums]:
    first, last = 0, 0
    for given in request.passes:
        totals = []
        for page in _lists(client, request, stream, given, lower, upper, start):
            totals += [] if page.total is None else [page.total]
            yield replace(page, total=None)
        if request.total and not totals:
            raise client.fail(Drift, f"no total stands at {request.total}")
        first, last = first + (totals[:1] or [0])[0], last + (totals[-1:] or [0])[0]
    return (first, last) if request.total else None


def _lists(
    client: Client,
    request: Request,
    stream: Stream,
    given: Mapping[str, Any],
    lower: datetime | None,
    upper: datetime | None,
    start: Any = None,
) -> Iterator[Page]:
    """The pages of a list, or of the lists of every parent that the window shows."""
    parent = request.parent
    if parent is None:
        params = request.params | given | _bounds(request, lower, upper)
        yield from _shown(client, request, stream, params, lower, start)
        return
    first, last = 0, 0
    for above in pages(client, parent, stream, parent.params | _bounds(parent, lower, upper)):
        found = [at_path(record, parent.key) for record in above.records]
        if None in found:
            raise client.fail(Drift, f"no key stands at {parent.key} in a record whose list is to be read")
        for key in dict.fromkeys(map(str, found)):
            params = request.params | given | _bounds(request, lower, upper)
            sums = yield from _below(client, request, stream, params, key, lower)
            first, last = first + sums[0], last + sums[1]
    if request.total:
        yield from (Page([], total=total) for total in (first, last))


def _below(
    client: Client, request: Request, stream: Stream, params: Mapping[str, Any], key: str, lower: datetime | None
) -> Generator[Page, None, tuple[int, int]]:
    """The list of one parent's record, which may be said not to exist, and its totals of the first and last page."""
    parent, totals = request.parent, []
    own = request.model_copy(update={"path": request.path.replace("{parent}", quote(key, safe=""))})
    try:
        for page in _shown(client, own, stream, params | ({parent.into: key} if parent.into else {}), lower):
            named = [record | {parent.name: key} for record in page.records] if parent.name else page.records
            totals.append(page.total)
            yield replace(page, records=named, total=None)
    except NothingThere:
        totals.append(0)
    if request.total and None in totals:
        raise client.fail(Drift, f"no total stands at {request.total}")
    return (totals[0], totals[-1]) if request.total else (0, 0)


def _shown(
    client: Client,
    request: Request,
    stream: Stream,
    params: Mapping[str, Any],
    lower: datetime | None,
    start: Any = None,
) -> Iterator[Page]:
    """The pages of one list; where it shows what changed last first, down to the lower bound."""
    if lower and request.newest_first:
        return _down_to(lower, pages(client, request, stream, params | request.newest_first, start), stream)
    return pages(client, request, stream, params, start)


def _down_to(lower: datetime, shown: Iterator[Page], stream: Stream) -> Iterator[Page]:
    """Pages of a list that begins with what changed last, as long as they show anything of the window."""
    for page in shown:
        times = [to_utc(at_path(record, stream.cursor), stream.timezone) for record in page.records]
        within = [record for record, at in zip(page.records, times, strict=True) if at >= lower.replace(tzinfo=None)]
        yield replace(page, records=within)
        if len(within) < len(page):
            return


def _bounds(request: Request, lower: datetime | None, upper: datetime | None) -> dict[str, Any]:
    if lower is None or not request.lower:
        return {}
    if request.range:
        end = _written(upper, request.time_format) if request.upper else ""
        return {request.lower: request.range.format(_written(lower, request.time_format), end)}
    bounds = {request.lower: lower} | ({request.upper: upper} if request.upper else {})
    return {name: _written(at, request.time_format) for name, at in bounds.items()}


def _written(at: datetime, form: str) -> str | int:
    at = at.astimezone(UTC)
    return int(at.timestamp()) if form == "epoch" else at.strftime(form)


@dataclass
class _Pager:
    """One list under way. A place in it is a token, a link, a key, or (number or offset, how often we stepped back)."""

    client: Client
    request: Request
    stream: Stream
    params: dict[str, Any]
    read: int = 0
    most: int = 0
    before: set[str] = field(default_factory=set)

    def page(self, place: Any) -> Page:
        """The page at a place, and the place of the next."""
        paging, request = self.request.paging, self.request
        path, params = request.path, dict(self.params)
        if paging.size_param:
            params[paging.size_param] = self.stream.page_size
        if paging.by == "link" and place is not None:
            path, params = place, None
        elif paging.by == "token" and place is not None:
            if paging.keep:  # a token that outlives its run stands for the filters that it was made with
                params = {name: value for name, value in params.items() if name not in (request.lower, request.upper)}
            params[paging.param] = place
        elif paging.by == "last_key" and place is not None:
            params[paging.param] = place
        elif paging.by == "number":
            place = place or (self._first, 0)
            params[paging.param] = place[0]
        elif paging.by == "offset":
            place = place or (0, 0)
            params[paging.param] = place[0] + (paging.first or 0)
        body = self._answer(path, params)
        total, records = self._total(body), self._records(body)
        settled = to_utc(at_path(body, request.settled)) if request.settled else None
        page = Page(records, None, total, settled=settled)
        following = getattr(self, f"_by_{paging.by}")(page, body, place)
        kept = at_path(body, paging.next) if paging.keep else None
        return replace(page, next=following, position=kept)

    def _answer(self, path: str, params: dict[str, Any] | None) -> Any:
        """What the system says; parameters named `header:…` go there, the others into the query or the body."""
        params = params and phrased(self.request, params)
        headers = {name[7:]: value for name, value in (params or {}).items() if name.startswith("header:")}
        params = params and {name: value for name, value in params.items() if name[7:] not in headers}
        more = {"headers": headers} if headers else {}
        path = f"{{{self.request.host}}}{path}" if self.request.host else path
        if self.request.method == "post":
            return self.client.post(path, _body(params or {}), **more)
        return self.client.get(path, params, **more)

    @property
    def _first(self) -> int:
        return 1 if self.request.paging.first is None else self.request.paging.first

    def _by_none(self, page: Page, body: Any, place: Any) -> None:
        """One answer is all that there is; one as long as it may be has perhaps left out some."""
        if self.request.paging.size_param and len(page) >= self.stream.page_size:
            raise self.client.fail(CapCrossed, f"one answer holds {len(page)} records at most, and nothing leads on")

    def _by_number(self, page: Page, body: Any, place: tuple[int, int]) -> tuple[int, int] | None:
        """A list that became shorter has moved up: it is read again from the front. What is read twice collapses."""
        number, back = place
        if page.total is not None and page.total < self.most:
            self.most, self.read = page.total, 0
            return self._back(self._first, back)
        self.most, self.read = page.total or 0, self.read + len(page)
        return (number + 1, back) if self._more(page, body) else None

    def _by_offset(self, page: Page, body: Any, place: tuple[int, int]) -> tuple[int, int] | None:
        """Each page begins with the last record of the one before; where it does not, records went: a page back."""
        offset, back = place
        found = {key_text(record, self.stream.key_paths) for record in page.records}
        if offset and self.before.isdisjoint(found):
            return self._back(max(0, offset - self.stream.page_size + 1), back)
        self.before, self.read = found, offset + len(page)
        return (max(self.read - 1, offset + 1), back) if len(page) > 1 and self._more(page, body) else None

    def _by_last_key(self, page: Page, body: Any, place: Any) -> str | None:
        self.read += len(page)
        return key_text(page.records[-1], self.stream.key_paths) if len(page) and self._more(page, body) else None

    def _by_token(self, page: Page, body: Any, place: Any) -> Any:
        return self._named(body) or None if self._more(page, body, flagged=True) else None

    def _by_link(self, page: Page, body: Any, place: Any) -> str | None:
        """The next address as a path below our own, or a query of the same list; no link leads to another host."""
        link = self._named(body)
        if not link:
            return None
        if re.match(r"[\w.\[\]]+=", link):
            return f"{self.request.path}?{link}"
        parts, own = urlsplit(link), urlsplit(self.client.account.base_url)
        if parts.netloc not in ("", own.netloc):
            raise self.client.fail(Drift, "the next page is said to be on another host")
        return parts.path.removeprefix(own.path) + (f"?{parts.query}" if parts.query else "")

    def _named(self, body: Any) -> Any:
        name = self.request.paging.next
        if name == "header:link":
            return _next_link(self.client.headers.get("link", ""))
        return self.client.headers.get(name[7:]) if name.startswith("header:") else at_path(body, name)

    def _more(self, page: Page, body: Any, flagged: bool = False) -> bool:
        flag = self.request.paging.more
        if flag:
            found = at_path(body, flag.lstrip("!"))
            if not isinstance(found, bool):
                raise self.client.fail(Drift, f"no flag stands at {flag.lstrip('!')}")
            return found != flag.startswith("!")
        if flagged:
            return True
        if page.total is not None:
            return bool(len(page)) and self.read < page.total
        return len(page) >= self.stream.page_size

    def _back(self, to: int, back: int) -> tuple[int, int]:
        if back >= _STEPS_BACK:
            raise self.client.fail(ShortRead, f"records vanished between pages {back} times")
        return (to, back + 1)

    def _total(self, body: Any) -> int | None:
        name = self.request.total
        if not name:
            return None
        text = self.client.headers.get(name[7:]) if name.startswith("header:") else at_path(body, name)
        text = "0" if self.request.absent and body == {} else text
        before = self.read if self.request.paging.counts == "left" else 0
        return before + int(text) if str(text).isdigit() else None

    def _records(self, body: Any) -> list[dict[str, Any]]:
        """The list; some vendors leave it out when there is none, or when they count none."""
        if self.request.single and isinstance(body, dict):
            return [body]
        found = at_path(body, self.request.records) if self.request.records else body
        above = (self.request.records or "").rpartition(".")[0]
        around = (at_path(body, above) if above else body) if self.request.absent else None
        none = isinstance(around, dict) and not any(isinstance(value, list) for value in around.values())
        if found is None and (none or self._total(body) == 0):
            return []
        if not isinstance(found, list):
            raise self.client.fail(Drift, f"no list stands at {self.request.records or 'the top'}")
        return [self._within(entry) for entry in found] if self.request.each else found

    def _within(self, entry: Any) -> dict[str, Any]:
        """The record that an entry of the list holds."""
        found = at_path(entry, self.request.each)
        if not isinstance(found, dict):
            raise self.client.fail(Drift, f"no record stands at {self.request.each} in an entry of the list")
        return found


def _body(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as a JSON body; a name may be a path into those before it."""
    body: dict[str, Any] = {}
    for name, value in deepcopy(params).items():
        *way, last = (int(step) if step.isdigit() else step for step in name.split("."))
        inner: Any = body
        for step in way:
            inner = inner[step]
        inner[last] = value
    return body


def _next_link(header: str) -> str | None:
    """The address that a Link header calls next."""
    for part in header.split(","):
        address, _, rest = part.partition(";")
        if 'rel="next"' in rest:
            return address.strip().strip("<>")
    return None
