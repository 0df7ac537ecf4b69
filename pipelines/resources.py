"""Where Assay keeps its state and how references resolve. The only file that reads environment variables."""

from __future__ import annotations

import getpass
import os
import pwd
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).parent.parent


class MissingReference(LookupError):
    """A contract refers to a value that nobody has set; the message says which and where to set it."""


@dataclass(frozen=True)
class Settings:
    """Paths and URLs of one environment. Everything but landing, ledger and git can be rebuilt."""

    home: Path
    environment: str
    ledger_url: str

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def exports(self) -> Path:
        """Parquet copies of golden, matched and publish models: what every reader but dbt opens."""
        return self.home / "exports"

    @property
    def accounts(self) -> Path:
        """What all processes that use a vendor's account share: its allowance, and tokens that are renewed by use."""
        return self.home / "accounts"

    @property
    def known(self) -> Path:
        """What landed of each key of streams of files: a cache."""
        return self.home / "known"

    @property
    def estate(self) -> Path:
        return self.home / "estate"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"


def settings() -> Settings:
    """The environment as set: ASSAY_HOME (default .assay), ASSAY_ENV (default dev), ASSAY_LEDGER_URL."""
    home = Path(os.environ.get("ASSAY_HOME") or PROJECT / ".assay").resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as unfit:
        raise MissingReference(f"ASSAY_HOME: {home} is no folder and cannot be made one ({unfit.strerror})") from None
    ledger = os.environ.get("ASSAY_LEDGER_URL") or f"sqlite:///{home / 'ledger.db'}"
    return Settings(home, os.environ.get("ASSAY_ENV", "dev"), ledger)


def resolve(reference: str) -> str:
    """The value behind `env:NAME`, from the environment or else from the estate's endpoints file.

    Raises MissingReference, never revealing another value.
    """
    name = reference.removeprefix("env:")
    value = os.environ.get(name) or _endpoints().get(name)
    if value is None:
        raise MissingReference(f"{name} is not set; export it, or start the simulated estate with `assay estate up`")
    return value


def is_simulated(reference: str) -> bool:
    """Does the value behind `env:NAME` come from the simulated retailer's endpoints file?"""
    name = reference.removeprefix("env:")
    return not os.environ.get(name) and name in _endpoints()


def now() -> datetime:
    """The current time in UTC, or the instant in ASSAY_NOW, which pins the clock to the simulated estate's."""
    pinned = os.environ.get("ASSAY_NOW") or _endpoints().get("ASSAY_NOW")
    return datetime.fromisoformat(pinned).astimezone(UTC) if pinned else datetime.now(UTC)


def _endpoints() -> dict[str, str]:
    path = settings().estate / "endpoints.env"
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def child_environment(settings: Settings, run_id: str | None = None) -> dict[str, str]:
    """The environment of a child process that must see the same state as this one, and work for the same run."""
    same = {**os.environ, "ASSAY_HOME": str(settings.home), "ASSAY_LEDGER_URL": settings.ledger_url}
    return same | ({"ASSAY_RUN_ID": run_id} if run_id else {})


def actor() -> str:
    """Who is at work, for the audit: ASSAY_ACTOR, or the login name."""
    return os.environ.get("ASSAY_ACTOR") or getpass.getuser()


def account() -> str:
    """The machine's account that this process runs as, whatever name somebody gives."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def run_id() -> str:
    """The run that this process works for: ASSAY_RUN_ID, which whoever starts a run sets, or `manual`."""
    return os.environ.get("ASSAY_RUN_ID") or "manual"
