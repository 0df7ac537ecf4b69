"""Which systems are in force here: by the state in their contract, by the environment, and by what is connected.

`live` and `deprecated` systems must answer. All others are read where their endpoint is set; drafts and reviewed ones
never in production.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipelines import resources
from pipelines.landing import manifests
from pipelines.resources import MissingReference, Settings
from sources.contract import Contract
from sources.errors import ExtractError

PRODUCTION = "production"
MUST_RUN = ("live", "deprecated")
APPROVED = ("approved", *MUST_RUN)


class NotApproved(ExtractError):
    """A system that nobody has approved does not run in production."""

    remedy = "have its contract reviewed and approved (state: approved in contract.yml), or run it elsewhere"


def in_force(
    contracts: Mapping[str, Contract], settings: Settings, resolve: Callable[[str], str] = resources.resolve
) -> dict[str, Contract]:
    """The contracts whose systems are read and judged here."""
    return {
        system: contract
        for system, contract in contracts.items()
        if contract.state in MUST_RUN or (refusal(contract, settings) is None and is_connected(contract, resolve))
    }


def refusal(contract: Contract, settings: Settings) -> NotApproved | None:
    """Why the system may not run here, if it may not."""
    if settings.environment != PRODUCTION or contract.state in APPROVED:
        return None
    return NotApproved(contract.system, "*", f"its contract is in state {contract.state}, and this is production")


def is_connected(contract: Contract, resolve: Callable[[str], str] = resources.resolve) -> bool:
    """Whether its endpoint is set."""
    try:
        return bool(resolve(contract.endpoint))
    except (MissingReference, KeyError):
        return False


@dataclass(frozen=True)
class Entry:
    """One system as an owner of the portfolio sees it; days are None where the contract states no date."""

    contract: Contract
    connected: bool
    sunset_in: int | None
    review_in: int | None
    credential_age: int | None
    rotation_in: int | None
    last_event_at: datetime | None


def portfolio(contracts: Mapping[str, Contract], settings: Settings, now: datetime) -> list[Entry]:
    """Every system, in alphabetical order."""
    return [_entry(contract, settings, now) for contract in contracts.values()]


def _entry(contract: Contract, settings: Settings, now: datetime) -> Entry:
    today, issued = now.date(), contract.credentials_on
    age = (today - issued).days if issued else None
    rotation = contract.rotate_every.days - age if contract.rotate_every and age is not None else None
    loads = [load for name in contract.streams for load in manifests(settings.landing, contract.system, name)]
    events = [datetime.fromisoformat(load.event_until) for load in loads if load.event_until]
    sunset, review = (day and (day - today).days for day in (contract.sunset_on, contract.review_on))
    return Entry(contract, is_connected(contract), sunset, review, age, rotation, max(events, default=None))
