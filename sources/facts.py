"""How a system is asked over HTTP, as facts of its contract: address, paging, filters, credentials, errors.

Only the models belong here. What the kernel makes of them is in rest.py and http.py; no system is named in either.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sources.records import at_path

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
Parameters = dict[str, Any]


def parse_duration(value: Any) -> timedelta:
    """'90s', '15m', '6h' or '7d' as a timedelta; ValueError otherwise."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d+)\s*([smhd])", str(value).strip())
    if not found:
        raise ValueError(f"{value!r} is not a duration; write a number and a unit: 90s, 15m, 6h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


class Strict(BaseModel):
    """Unknown keys are errors; nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Budget(Strict):
    """The vendor's published rate: `calls` per `per`, with `burst`, or cost points per second.

    `left_header` and `reset_header` name what an answer says of the calls left and of the seconds until there are more.
    """

    calls: int = 10
    per: Duration = timedelta(seconds=1)
    burst: int = 20
    cost_points: int | None = None
    restore_per_second: int | None = None
    left_header: str | None = None
    reset_header: str | None = None


class Grant(Strict):
    """An OAuth token endpoint. With `refresh_token` the vendor gives a new refresh token for each old one.

    `host`: name of the secret that holds its address, where that is not the system's own. The client says who it is by
    `basic` or among the `params`; the token goes out in `header`, behind the word Bearer unless the header is its own,
    and is refused with the HTTP status `refused` once it has expired. `sent`: how the request is written.
    """

    path: str
    host: str | None = None
    kind: Literal["client_credentials", "refresh_token"] = "client_credentials"
    basic: tuple[str, str] | None = None
    refresh: str | None = Field(None, description="name of the secret that holds the first refresh token")
    params: dict[str, str] = {}
    header: str = "authorization"
    refused: int = 401
    sent: Literal["form", "json"] = "form"


class Auth(Strict):
    """Credentials: headers, user and password, or an OAuth grant; `{name}` stands for a secret of that name."""

    headers: dict[str, str] = {}
    basic: tuple[str, str] | None = None
    grant: Grant | None = None


class ErrorObject(Strict):
    """How an error looks inside a body, whatever the HTTP status: the first of these paths at which there is something.

    `status`: path of the status that the body states. `kinds`: code -> class in sources.errors, where the HTTP status
    does not tell.
    """

    code: list[str]
    status: str | None = None
    kinds: dict[str, str] = {}


class Paging(Strict):
    """How a list goes on. `param` carries the place of a page, `size_param` how many records it shall have.

    number: pages counted from `first`, 1 by default. offset: records before the page, counted from `first`, 0 by
    default. last_key: the key of the record before. token, link: what the answer names at `next`, a dotted path or
    `header:link`; a link may be a query alone. none: one answer is all, unless it is as long as `size_param` allows.
    `more`: a flag that says whether there is more, `!` before it turns it round. `keep`: the last token is where the
    next run goes on. `counts`: whether the total is of all records or of those from this page on, as where the key of
    the record before is a filter.
    """

    by: Literal["none", "number", "offset", "last_key", "token", "link"] = "none"
    param: str = "page"
    size_param: str | None = None
    first: int | None = None
    next: str | None = None
    more: str | None = None
    keep: bool = False
    counts: Literal["all", "left"] = "all"

    @model_validator(mode="after")
    def _next_is_named(self) -> Paging:
        if (self.by in ("token", "link")) != bool(self.next):
            raise ValueError("paging.next belongs to paging by token or link, and is needed there")
        return self


class Request(Strict):
    """How a list is asked for: parameters in the query, or with `post` as a JSON body.

    `path` may name one of the contract's secrets, such as an account's number: `/sellers/{seller}/items`.

    A parameter of the window or of paging may be `header:name`, or in a body a path into the other parameters, such as
    `filters.0.value`; what stands there is its default. `parent`: a list whose every record has a list of this kind.
    `records`: where they stand in the body, which is itself the list if this is not given; `each`: where in an
    entry of it the record stands, such as `node`; `single`: the body is the one record, as where each is asked for
    alone. `passes`: a list that hides some records unless asked is read once with each set of parameters. `lower`,
    `upper`: parameters of the window, written by `time_format` (strftime in UTC, or `epoch`); without `lower` the
    list is always read whole. `total`: path or `header:name` of how many records match. `settled`: path of the
    instant up to which the vendor's data is complete. `sweep`: further parameters when only keys are wanted.
    `tail`: where the window's filter is of when a record was made, how long after that it may still change; it is
    asked for so much earlier. `behind`: how far behind now an upper bound must stay for the vendor to accept it;
    the newest window is left open instead, for the vendor's clock is not ours. `absent`: the list is left out of
    the body when it is empty, or there is no body at all (204). `newest_first`: parameters under which a list that
    knows no filter shows what changed last first, so that a window is read down to its lower bound. `phrased`:
    parameters that are sentences of a query language, in which `{name}` stands for another parameter, which then is
    not sent by itself. `range`: where one parameter, named as `lower` and as `upper`, takes both bounds, how it
    holds them. `host`: name of the secret that holds this list's address, where that is not the system's own.
    """

    path: str
    method: Literal["get", "post"] = "get"
    parent: Parent | None = None
    records: str | None = None
    each: str | None = None
    single: bool = False
    params: Parameters = {}
    phrased: dict[str, str] = {}
    newest_first: Parameters = {}
    passes: list[Parameters] = [{}]
    lower: str | None = None
    upper: str | None = None
    time_format: str = "%Y-%m-%dT%H:%M:%SZ"
    total: str | None = None
    settled: str | None = None
    sweep: Parameters = {}
    tail: Duration = timedelta(0)
    behind: Duration = timedelta(0)
    absent: bool = False
    range: str | None = None
    host: str | None = None
    paging: Paging = Paging()

    @model_validator(mode="after")
    def _places_exist(self) -> Request:
        if bool(self.range) != bool(self.lower and self.lower == self.upper):
            raise ValueError("range belongs to a parameter that is lower and upper at once, and is needed there")
        for name in (self.lower, self.upper, self.paging.param, self.paging.size_param):
            if self.method == "post" and "." in (name or "") and not _stands(self.params, name):
                raise ValueError(f"nothing stands at {name} in params: write there what it is by default")
        if self.parent and not self.parent.into and "{parent}" not in self.path:
            raise ValueError("the path below a parent must have {parent} where its key goes, or the parent says `into`")
        return self


def _stands(params: Parameters, name: str) -> bool:
    """Whether there is something at a path in parameters, null too."""
    above, _, last = name.rpartition(".")
    inner = at_path(params, above)
    return at_path(params, name) is not None or isinstance(inner, dict) and last in inner


class Parent(Request):
    """A list whose records' keys, at `key`, go into the path of a child list, or into its parameter `into`.

    The window's filter is the parent's where it has one, else the child's. `name`: the field under which each child is
    given its parent's key, where the vendor does not say it.
    """

    key: str = "id"
    into: str | None = None
    name: str | None = None


class Deleted(Request):
    """A list of what was deleted; `key` and `at` are paths in its records."""

    key: str = "id"
    at: str | None = None


class Files(Strict):
    """How a stream's files come, and what stands in them.

    `match`: globs below the endpoint. `format`: csv, xlsx, or one that the system's connector reads; `formats` says so
    by glob where a partner sends several. `full`: globs of files that hold everything, so that what one leaves out is
    gone; all others add and change. `settle`: a file is read once nobody has written to it for so long; `done`: only
    when this stands beside it (`{name}.done`); `unfinished`: names that files bear until they are whole. `stamp`: where
    the name tells the file's time, as strftime writes it, in the stream's time zone; else the time of its last change
    counts. `remember`: how long a file is known again by its content. `refuse_percent`: a file with more bad lines than
    this is refused whole.
    """

    match: list[str]
    format: str = "csv"
    formats: dict[str, str] = {}
    full: list[str] = []
    settle: Duration = timedelta(minutes=1)
    done: str | None = None
    unfinished: list[str] = ["*.tmp", "*.part", "*.partial", "*.filepart", ".*", "~$*"]
    stamp: str | None = None
    remember: Duration = timedelta(days=400)
    refuse_percent: float = 20
    encoding: str = Field("utf-8", description="of files that are not UTF-8, such as cp1252; a BOM is always obeyed")
    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    thousands: str = ""
    dates: list[str] = Field([], description="how dates and times are written, as strptime reads them; ISO always is")
    excel_dates: bool = Field(False, description="days counted from 1899-12-30, as a spreadsheet exports them")
    true_words: list[str] = ["1", "true", "yes"]
    false_words: list[str] = ["0", "false", "no"]
    sheet: str | None = None
    skip: int = Field(0, description="lines above the header")
