"""What was booked on each loyalty card: points for the web shop's orders and the tills' receipts, spent and expired.

The world's points are what is left on a card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sources.estate.guests import tuples
from sources.estate.trade import points_at_tills
from sources.estate.world import World


@dataclass(frozen=True)
class Card:
    """A loyalty card; `orders` are (number in the web shop, when, points for it), `receipts` the same of the tills."""

    key: str
    code: str
    holder: str
    points: int
    created: datetime
    updated: datetime
    orders: tuple[tuple[str, datetime, int], ...]
    receipts: tuple[tuple[str, datetime, int], ...] = ()

    @property
    def expired(self) -> int:
        return self.points // 1000 * 50

    @property
    def spent(self) -> int:
        """Something of most cards; all that was bought for brought beyond what is left."""
        usual = self.points // 300 * 100
        return max(usual, self.bought - self.points - self.expired)

    @property
    def bought(self) -> int:
        return sum(points for *_, points in (*self.orders, *self.receipts))

    @property
    def earned(self) -> int:
        return self.points + self.spent + self.expired

    def booked(self) -> Iterator[tuple[str, int, datetime, str | None, str | None]]:
        """(kind, points, when, order, receipt) of each change of the balance; at the end it is `points`."""
        changes = [("POINTS_ADDITION", self.earned - self.bought, self.created, None, None)]
        changes += [("POINTS_ACCRUAL", points, at, order, None) for order, at, points in self.orders]
        changes += [("POINTS_ACCRUAL", points, at, None, receipt) for receipt, at, points in self.receipts]
        changes.sort(key=lambda one: one[2])
        last = max(self.updated, changes[-1][2])
        changes.append(("POINTS_REDEMPTION", -self.spent, last, None, None))
        changes.append(("POINTS_EXPIRATION", -self.expired, last, None, None))
        return (one for one in changes if one[1])


def cards_of(world: World) -> Iterator[Card]:
    """Every card, with its holder's orders in the web shop, a point for each whole unit, and what tills booked."""
    who = {(system, key): person for system, key, person in tuples(world.appearances, ["system", "key", "person_id"])}
    orders = defaultdict(list)
    for key, customer, at, total in tuples(world.orders, ["key", "customer_key", "created_at", "total_amount"]):
        orders[who.get(("shopify", customer))].append((at, key, int(total)))
    tills = defaultdict(list)
    shown = points_at_tills(world.receipts, world.appearances)
    for code, receipt, at, points in tuples(shown, ["loyalty_code", "receipt_key", "sold_at", "points"]):
        tills[code].append((receipt, at, points))
    named = ["key", "code", "customer_key", "points", "created_at", "updated_at"]
    for key, code, holder, points, created, updated in tuples(world.loyalty, named):
        own = sorted(orders.get(who["voucherify", holder], ()))
        placed = tuple((order, max(at, created), worth) for at, order, worth in own)
        yield Card(key, code, holder, points, created, updated, placed, tuple(tills[code]))
