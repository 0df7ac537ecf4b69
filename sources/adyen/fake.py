"""A stand-in for Adyen's reports: a folder into which each batch brings its settlement details, in the store's time."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sources.estate import drops
from sources.estate.drops import Feed, Folder
from sources.estate.guests import seed_part
from sources.estate.world import World

CREDENTIALS: dict[str, str] = {}
place = Folder
_ZONE = ZoneInfo("Europe/Prague")


def _spelt(field: str, value: Any) -> Any:
    """Times as the store's clock says them; what is not known is empty."""
    if field == "creation_date":
        return datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return "CET" if field == "timezone" else "" if value is None else value


SETTLEMENTS = Feed(
    kind="settlement",
    name="settlement_detail_report_batch_{stamp}.csv",
    delimiter=",",
    harmless="modification_merchant_reference",
    spell=_spelt,
    header={
        "company_account": "Company Account", "merchant_account": "Merchant Account", "psp_reference": "Psp Reference",
        "merchant_reference": "Merchant Reference", "payment_method": "Payment Method",
        "creation_date": "Creation Date", "timezone": "TimeZone", "type": "Type",
        "modification_reference": "Modification Reference", "gross_currency": "Gross Currency",
        "gross_debit": "Gross Debit (GC)", "gross_credit": "Gross Credit (GC)", "exchange_rate": "Exchange Rate",
        "net_currency": "Net Currency", "net_debit": "Net Debit (NC)", "net_credit": "Net Credit (NC)",
        "commission": "Commission (NC)", "markup": "Markup (NC)", "scheme_fees": "Scheme Fees (NC)",
        "interchange": "Interchange (NC)", "payment_method_variant": "Payment Method Variant",
        "modification_merchant_reference": "Modification Merchant Reference", "batch_number": "Batch Number",
    },
)  # fmt: skip
FEEDS = {"settlements": SETTLEMENTS}
STREAMS = {"settlements": "settlement"}


def seed(world: World, path: Path) -> None:
    """Write the terminals' state, and a report for each batch."""
    seed_part(world, "adyen", path)
    drops.emptied(path)
    rows = sorted(drops.bodies(path, "settlement"), key=lambda body: (body["batch_number"], body["creation_date"]))
    for batch, lines in groupby(rows, key=lambda body: body["batch_number"]):
        report = SETTLEMENTS.name.format(stamp=batch)
        drops.drop(path, report, SETTLEMENTS.content(list(lines)), world.now.replace(hour=4))


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Report a line again, changed."""
    drops.touch(path, FEEDS[stream], key, at, fields)


def resend(path: Path, stream: str, at: datetime, without: str | None) -> None:
    """A report without a column, or the same as it should have been."""
    drops.resend(path, FEEDS[stream], at, without)
