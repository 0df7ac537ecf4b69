"""A stand-in for the warehouse: a real SFTP server with full counts of the stock, changes, movements, parcels."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sources.estate import drops
from sources.estate.drops import Feed, folder_of
from sources.estate.guests import seed_part
from sources.estate.sftp import Sftp
from sources.estate.standin import naive
from sources.estate.world import World

CREDENTIALS = {"WAREHOUSE_USER": "retailer", "WAREHOUSE_PASSWORD": "estate-warehouse-password"}
FEEDS = {
    "stock": Feed(
        kind="stock",
        name="stock_full_{stamp}.csv",
        full=True,
        header={name: name for name in ("location", "sku", "gtin", "on_hand", "reserved", "counted_at")},
    ),
    "movements": Feed(
        kind="movement",
        name="movements_{stamp}.csv",
        header={
            name: name
            for name in ("movement_no", "moved_at", "location", "sku", "quantity", "reason", "reference", "note")
        },
    ),
    "shipments": Feed(
        kind="shipment",
        name="shipments_{stamp}.csv",
        harmless="tracking_no",
        header={
            name: name
            for name in (
                "shipment_no", "order_reference", "carrier", "tracking_no", "weight_g", "shipped_at", "status",
            )
        },
    ),
}  # fmt: skip
STREAMS = {stream: feed.kind for stream, feed in FEEDS.items()}
_CHANGES = Feed("stock", "stock_{stamp}.csv", FEEDS["stock"].header)


class Place(Sftp):
    """The warehouse's server: one folder, one user."""

    def __init__(self, path: Path) -> None:
        super().__init__(folder_of(path), *CREDENTIALS.values())
        self.path = self.folder
        self.start()

    @property
    def url(self) -> str:
        return f"sftp://127.0.0.1:{self.port}/"

    @property
    def secrets(self) -> dict[str, str]:
        return {"WAREHOUSE_HOST_KEY": self.host_key}

    def close(self) -> None:
        """Stop answering."""
        self.stop()


place = Place


def seed(world: World, path: Path) -> None:
    """Write the warehouse's state and its first files."""
    seed_part(world, "warehouse", path)
    drops.emptied(path)
    for feed in FEEDS.values():
        drops.send(path, feed, world.now - timedelta(hours=5))


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Count, correct or move again: a file of changes brings it."""
    if stream == "stock":
        harmless = {"on_hand": naive(at).hour * 60 + naive(at).minute, "counted_at": f"{naive(at):%Y-%m-%dT%H:%M:%SZ}"}
        drops.touch(path, _CHANGES, key, at, fields or harmless)
    else:
        drops.touch(path, FEEDS[stream], key, at, fields)


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """The next full count no longer has it."""
    drops.delete(path, FEEDS[stream], key, at)


def resend(path: Path, stream: str, at: datetime, without: str | None) -> None:
    """A file without a column, or the same as it should have been."""
    drops.resend(path, FEEDS[stream], at, without)
