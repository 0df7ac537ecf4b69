"""Hours of trade after the first day, and stores that lose their line and send everything later.

What a store sells while it is dark is withheld in a file beside the databases until it reconnects.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from sources.estate.endpoints import advance, clock, write_whole
from sources.estate.names import given_names, surnames
from sources.pos import fake as pos

BATCH = timedelta(minutes=10)
_CLOCKS = ("sold_at", "changed_at", "created_at")
Message = tuple[str, dict[str, Any]]


def trade(folder: Path, hours: float, dark: tuple[str, ...] = (), receipts: int = 12, seed: int = 1) -> dict[str, int]:
    """Let the stores work for some hours: `receipts` an hour each, every sixth a sign-up, every eighteenth an edit.

    The central database takes in each store's messages every ten minutes; those of `dark` stores are withheld. The
    same folder, clock and seed make the same messages, dark or not. Returns {store code: messages made}.
    """
    began = clock(folder)
    ended = advance(folder, timedelta(hours=hours))
    made = {}
    with _reading(folder) as database:
        stores = [row[0] for row in database.execute("select store_code from stores order by 1")]
        articles = database.execute(
            "select article_code, amount, tax_rate from prices where valid_to_at is null and store_code is null"
            " and kind = 'regular' and min_quantity = 1 order by article_code, price_code"
        ).fetchall()
        messages = {
            store: _messages(database, store, articles, began, ended, round(receipts * hours), seed) for store in stores
        }
    for store, batch in messages.items():
        made[store] = len(batch)
        if store in dark:
            _withhold(folder, store, batch)
            continue
        for slot in range(1, int((ended - began) / BATCH) + 1):
            arrives = began + slot * BATCH
            _take_in(folder, [body for at, body in batch if arrives - BATCH <= at < arrives], arrives)
        _take_in(folder, [body for at, body in batch if at >= began + int((ended - began) / BATCH) * BATCH], ended)
    return made


def edit_card(folder: Path, store: str, customer_code: str, at: datetime, dark: bool = False, **fields: Any) -> None:
    """A clerk changes fields of a customer's card at a time of the last shift; withheld if the store was dark then."""
    with _reading(folder) as database:
        card = database.execute("select * from customers where customer_code = ?", (customer_code,)).fetchone()
    message = ("customers", _times(dict(card)) | fields | {"changed_at": at})
    if dark:
        _withhold(folder, store, [(at, message)])
    else:
        _take_in(folder, [message], at)


def reconnect(
    folder: Path, store: str, duplicates: float = 0.05, fast: timedelta = timedelta(minutes=7), seed: int = 1
) -> int:
    """A dark store sends all that was withheld: shuffled, a share twice, stamped by a clock that runs `fast`.

    Everything arrives now, a batch each second; the clock moves on accordingly. Returns how many messages arrived.
    """
    path = folder / "withheld" / f"{store}.json"
    waiting = [(table, _decoded(row)) for table, row in json.loads(path.read_text())]
    for _, row in waiting:
        row.update({name: row[name] + fast for name in _CLOCKS if name in row})
    rng = np.random.default_rng([seed, 17])
    order = rng.permutation(len(waiting)).tolist()
    order += [order[place] for place in rng.permutation(len(waiting))[: round(len(waiting) * duplicates)].tolist()]
    newest: dict[str, datetime] = {}
    for start in range(0, len(order), 100):
        arrives = advance(folder, timedelta(seconds=1))
        batch = [waiting[place] for place in order[start : start + 100]]
        _take_in(folder, [message for message in batch if _still_news(message, newest)], arrives)
    path.unlink()
    return len(order)


def _still_news(message: Message, newest: dict[str, datetime]) -> bool:
    """The central database keeps the later of two versions of a customer, whichever arrives first."""
    table, row = message
    if table != "customers":
        return True
    known = newest.get(row["customer_code"])
    if known is None or row["changed_at"] >= known:
        newest[row["customer_code"]] = row["changed_at"]
        return True
    return False


def _messages(database, store: str, articles: list, began: datetime, ended: datetime, count: int, seed: int) -> list:
    """(time, (table, row)) of all that happens in a store between two times, in order."""
    number, since = int(store[1:]), int(began.timestamp() // 60)
    rng = np.random.default_rng([seed, number, since])
    cards = database.execute(
        "select * from customers where store_code = ? and company_name is null and street is not null"
        " and not is_deleted order by customer_code",
        (store,),
    ).fetchall()
    moments = np.sort(rng.random(count)) * (ended - began).total_seconds()
    out = []
    for n, moment in enumerate(moments.tolist()):
        at = began + timedelta(seconds=moment)
        code = f"R{number:03}{since}{n:04}"
        out += [(at, message) for message in _sale(code, store, n, at, articles, rng)]
        if n % 6 == 5:
            out.append((at, ("customers", _sign_up(f"C9{number:03}{since}{n:04}", store, at, rng))))
        if n % 18 == 17 and cards:
            card = dict(cards[int(rng.integers(len(cards)))])
            moved = {"street": f"{card['street'].split()[0]} {rng.integers(1, 99)}", "changed_at": at}
            out.append((at, ("customers", _times(card) | moved)))
    return out


def _sale(code: str, store: str, n: int, at: datetime, articles: list, rng) -> list[Message]:
    lines = []
    for line in range(1, int(rng.integers(1, 4)) + 1):
        article, amount, rate = articles[int(rng.integers(len(articles)))]
        money = Decimal(amount)
        lines.append(
            {"line_code": f"{code}-{line:03}", "receipt_code": code, "line": line, "store_code": store,
             "article_code": article, "quantity": 1, "unit_amount": money, "total_amount": money,
             "tax_rate": Decimal(rate), "sold_at": at}
        )  # fmt: skip
    head = {
        "receipt_code": code, "store_code": store, "till": 1, "number": 5000 + n, "customer_code": None,
        "currency": "CZK", "total_amount": sum(line["total_amount"] for line in lines), "payment": "card",
        "sold_at": at,
    }  # fmt: skip
    return [("receipts", head), *(("receipt_lines", line) for line in lines)]


def _sign_up(code: str, store: str, at: datetime, rng) -> dict[str, Any]:
    first, last = given_names(), surnames()
    woman = bool(rng.integers(2))
    (start, end), (low, high) = first.ranges["cs", "f" if woman else "m"], last.ranges["cs", ""]
    return {
        "customer_code": code, "store_code": store, "first_name": str(first.native[rng.integers(start, end)]),
        "last_name": str(last.native[rng.integers(low, high), 0 if woman else 1]),
        "phone": f"+420 79{rng.integers(10**6, 10**7)}", "is_deleted": False, "created_at": at, "changed_at": at,
    }  # fmt: skip


def _times(card: dict[str, Any]) -> dict[str, Any]:
    """A row as it was read, its UTC times decoded."""
    return card | {"created_at": datetime.fromisoformat(card["created_at"])}


def _take_in(folder: Path, batch: list[Message], arrives: datetime) -> None:
    """Insert or replace the rows of a batch, stamped by the database's clock; a receipt brings its tender."""
    batch = [*batch, *(("tenders", pos.tender(row)) for table, row in batch if table == "receipts")]
    with _reading(folder) as database:
        columns = {t: {row["name"] for row in database.execute(f"pragma table_info({t})")} for t, _ in batch}
    for table, known in columns.items():
        rows = [{n: v for n, v in row.items() if n in known} for name, row in batch if name == table]
        pos.insert(folder / "pos.db", table, rows, arrives)


def _withhold(folder: Path, store: str, batch: list[tuple[datetime, Message]]) -> None:
    path = folder / "withheld" / f"{store}.json"
    path.parent.mkdir(exist_ok=True)
    before = json.loads(path.read_text()) if path.exists() else []
    write_whole(path, json.dumps(before + [(table, _encoded(row)) for _, (table, row) in batch]))


def _encoded(row: dict[str, Any]) -> dict[str, Any]:
    kinds = {datetime: lambda v: {"at": v.isoformat()}, Decimal: lambda v: {"exactly": str(v)}}
    return {name: kinds.get(type(value), lambda v: v)(value) for name, value in row.items()}


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    def value(coded: Any) -> Any:
        if not isinstance(coded, dict):
            return coded
        return datetime.fromisoformat(coded["at"]) if "at" in coded else Decimal(coded["exactly"])

    return {name: value(coded) for name, coded in row.items()}


@contextmanager
def _reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection for the length of a block, its rows addressed by name."""
    connection = sqlite3.connect(folder / "pos.db")
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()
