"""What was booked on each loyalty card of the stand-in: points for the web shop's orders, points spent, points expired.

The world's points are what is left on a card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sources.estate.guests import tuples
from sources.estate.world import World


@dataclass(frozen=True)
class Card:
    """A loyalty card; `orders` are (number in the web shop, when, points for it)."""

    key: str
    code: str
    holder: str
    points: int
    created: datetime
    updated: datetime
    orders: tuple[tuple[str, datetime, int], ...]

    @property
    def expired(self) -> int:
        return self.points // 1000 * 50

    @property
    def spent(self) -> int:
        """Something of most cards; all that its orders brought beyond what is left."""
        usual = self.points // 300 * 100
        return max(usual, sum(points for *_, points in self.orders) - self.points - self.expired)

    @property
    def earned(self) -> int:
        return self.points + self.spent + self.expired

    def booked(self) -> Iterator[tuple[str, int, datetime, str | None]]:
        """(kind, points, when, order) of each change of the balance; at the end it is `points`."""
        before = self.earned - sum(points for *_, points in self.orders)
        changes = [("POINTS_ADDITION", before, self.created, None)]
        changes += [("POINTS_ACCRUAL", points, at, order) for order, at, points in self.orders]
        last = max(at for _, _, at, _ in changes)
        changes.append(("POINTS_REDEMPTION", -self.spent, max(self.updated, last), None))
        changes.append(("POINTS_EXPIRATION", -self.expired, max(self.updated, last), None))
        return (one for one in changes if one[1])


def cards_of(world: World) -> Iterator[Card]:
    """Every card, with its holder's orders in the web shop: a point for each whole unit of the total."""
    who = {(system, key): person for system, key, person in tuples(world.appearances, ["system", "key", "person_id"])}
    orders = defaultdict(list)
    for key, customer, at, total in tuples(world.orders, ["key", "customer_key", "created_at", "total_amount"]):
        orders[who.get(("shopify", customer))].append((at, key, int(total)))
    named = ["key", "code", "customer_key", "points", "created_at", "updated_at"]
    for key, code, holder, points, created, updated in tuples(world.loyalty, named):
        own = sorted(orders.get(who["voucherify", holder], ()))
        placed = tuple((order, max(at, created), worth) for at, order, worth in own)
        yield Card(key, code, holder, points, created, updated, placed)
