"""The bank accounts on their first days: what terminals, readers, the wallet, the card processor and buyers paid.

Four accounts, each in another format, a statement a day; each begins where the one before ended.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sources.estate.guests import Part
from sources.estate.world import World
from sources.stripe.fake_seed import money
from sources.stripe.money import from_minor

DAYS = 14
ACCOUNTS = {
    "camt": ("CZ6508000000192000145399", "CZK"),
    "mt940": ("DE89370400440532013000", "EUR"),
    "ofx": ("4400990011", "CZK"),
    "listing": ("CZ9455000000001011038930", "CZK"),
}
_CHARGED = {"mt940": ("Rent", Decimal("-310.00")), "ofx": ("Fuel", Decimal("-1200.00"))}


def invent(world: World) -> Part:
    """The banks' part of the retailer."""
    days = [world.now.date() - timedelta(days=ago) for ago in range(DAYS, 0, -1)]
    booked = {
        "camt": _beside(_terminals(world), _wallet(world)),
        "mt940": _beside(_card_processor(world), _marketplace(world), _amazon(world)),
        "ofx": _readers(world),
        "listing": _transfers(world),
    }
    statements, entries = [], []
    for form in ACCOUNTS:
        balance = Decimal("150000.00")
        for number, day in enumerate(days, 1):
            lines = [*booked[form].get(day, []), *_costs(form, number)] or [("Fee", "", Decimal("-9.00"))]
            statement, made = _statement(form, number, day, balance, lines)
            statements.append((statement["statement_id"], _at(day), statement))
            entries += [(one["entry_id"], _at(day), one) for one in made]
            balance = Decimal(statement["closing_amount"])
    return Part({"statement": statements, "entry": entries})


def _statement(
    form: str, number: int, day: date, opening: Decimal, lines: list[tuple[str, str, Decimal]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    account, currency = ACCOUNTS[form]
    compact = f"{day:%Y%m%d}"
    own = {"camt": f"{compact}-{number}", "mt940": f"ST{compact}-{number}/1-{day}"}.get(form, f"{compact}-{compact}")
    statement = {
        "statement_id": f"{account}:{own}",
        "form": form,
        "number": str(number),
        "day": day.isoformat(),
        "opening_amount": str(opening),
        "closing_amount": str(opening + sum(amount for *_, amount in lines)),
    }
    entries: list[dict[str, Any]] = []
    for line in lines:
        entries.append(entry_of(statement, entries, *line))
    return statement, entries


def entry_of(
    statement: dict[str, Any], before: list[dict[str, Any]], party: str, reference: str, amount: Decimal
) -> dict[str, Any]:
    """The next entry of a statement, named as its format names it; `before` are those that are there."""
    form, compact, place = statement["form"], statement["day"].replace("-", ""), len(before) + 1
    account = ACCOUNTS[form][0]
    balance = Decimal(before[-1]["balance"] if before else statement["opening_amount"]) + amount
    named = {"ofx": f"{account}:FIT{compact}{place:03}", "listing": f"{account}:{compact}:{amount}:{balance}"}
    return {
        "entry_id": named.get(form, f"{statement['statement_id']}:{place}"),
        "statement_id": statement["statement_id"],
        "place": place,
        "amount": str(amount),
        "balance": str(balance),
        "party": party,
        "reference": reference,
        "text": f"Payment {place}",
    }


def _terminals(world: World) -> dict[date, list[tuple[str, str, Decimal]]]:
    """What the card terminals pay out of a batch arrives the same day, by its transfer."""
    found = defaultdict(list)
    for _, at, body in world.part("adyen").objects["settlement"]:
        if body["type"] == "MerchantPayout":
            found[at.date()].append(("Adyen", body["modification_reference"], Decimal(body["net_debit"])))
    return found


def _wallet(world: World) -> dict[date, list[tuple[str, str, Decimal]]]:
    """What was taken out of the wallet arrives the day after, by its transaction."""
    found = defaultdict(list)
    for _, at, body in world.part("paypal").objects["transaction"]:
        info = body["transaction_info"]
        if info["transaction_event_code"] == "T0403":
            amount = -Decimal(info["transaction_amount"]["value"])
            found[at.date() + timedelta(days=1)].append(("PayPal", info["transaction_id"], amount))
    return found


def _readers(world: World) -> dict[date, list[tuple[str, str, Decimal]]]:
    """What the counters' card readers pay out arrives the same day, each by its reference."""
    found = defaultdict(list)
    for _, at, body in world.part("sumup").objects["payout"]:
        if body["status"] == "SUCCESSFUL":
            found[at.date()].append(("SumUp", body["reference"], Decimal(str(body["amount"]))))
    return found


def _card_processor(world: World) -> dict[date, list[tuple[str, str, Decimal]]]:
    """What the web shop's card processor pays out arrives two days after it was charged, by its descriptor."""
    found = defaultdict(list)
    for body, _, _ in money(world).lists["payout"]:
        if body["status"] == "paid":
            day = datetime.fromtimestamp(body["arrival_date"], UTC).date()
            amount = from_minor(body["amount"], body["currency"])
            found[day].append(("Stripe", body["statement_descriptor"], amount))
    return found


def _marketplace(world: World) -> dict[date, list[tuple[str, str, Decimal]]]:
    """What the second marketplace pays out arrives the same day, by its reference."""
    found = defaultdict(list)
    for _, at, body in world.part("ebay").objects["payout"]:
        found[at.date()].append(("eBay", body["bankReference"], Decimal(body["amount"]["value"])))
    return found


def _amazon(world: World) -> dict[date, list[tuple[str, str, Decimal]]]:
    """What the first marketplace pays out arrives the day that it says, by its trace."""
    found = defaultdict(list)
    for _, _, body in world.part("amazon").objects["settlement"]:
        if "TraceId" in body:
            day = datetime.fromisoformat(body["FundTransferDate"]).date()
            found[day].append(("Amazon", body["TraceId"], Decimal(str(body["OriginalTotal"]["CurrencyAmount"]))))
    return found


def _beside(*booked: dict[date, list[Any]]) -> dict[date, list[Any]]:
    return {day: [line for one in booked for line in one.get(day, [])] for one in booked for day in one}


def _transfers(world: World) -> dict[date, list[tuple[str, str, Decimal]]]:
    """Orders by telephone that are paid by transfer, two days after, by their number."""
    sales = world.part("telesales").objects
    names = {key: body["name"] for key, _, body in sales["customer"]}
    sums: dict[tuple[date, str, str], Decimal] = defaultdict(Decimal)
    for _, at, body in sales["order"]:
        if body["payment"] == "transfer":
            due = at.date() + timedelta(days=2)
            sums[due, body["order_no"], body["customer_no"]] += Decimal(body["unit_price"]) * body["quantity"]
    found = defaultdict(list)
    for (day, order, customer), amount in sorted(sums.items()):
        found[day].append((names[customer], order, amount))
    return found


def _costs(form: str, number: int) -> list[tuple[str, str, Decimal]]:
    if form not in _CHARGED:
        return []
    party, amount = _CHARGED[form]
    return [(party, f"{form}{number}", amount - number), (f"{party} deposit", f"D{number}", Decimal(100 + number))]


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 30)
