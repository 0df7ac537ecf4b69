"""What can go wrong between us and a system, as types; each message names system, stream, page and remedy.

Never a value of a record, never a secret, never a URL's parameters.
"""

from __future__ import annotations


class ExtractError(Exception):
    """A stream could not be read, or what it said cannot be trusted. Nothing of the run has been committed."""

    retryable = False
    remedy = "run again; if it stays, ask the owner of the system"

    def __init__(
        self,
        system: str,
        stream: str,
        problem: str,
        remedy: str | None = None,
        *,
        page: int | None = None,
        wait_s: float | None = None,
    ) -> None:
        self.system, self.stream, self.page, self.problem = system, stream, page, problem
        self.remedy, self.wait_s = remedy or self.remedy, wait_s
        super().__init__(str(self))

    def __str__(self) -> str:
        where = f"{self.system}/{self.stream}" + (f", page {self.page}" if self.page else "")
        return f"{where}: {self.problem}. Remedy: {self.remedy}."


class Unreachable(ExtractError):
    """No connection, or no answer in time."""

    retryable = True
    remedy = "check that the system is up and that the endpoint is right; the next run continues where this one began"


class Throttled(ExtractError):
    """The vendor's rate limit. `wait_s` is what the vendor asked for, in seconds."""

    retryable = True
    remedy = "wait, or lower the budget in contract.yml; another program may share this account's limit"


class ServerFault(ExtractError):
    """The system answered 5xx."""

    retryable = True


class BadBody(ExtractError):
    """An answer that is no data: empty, HTML, wrong content type, not JSON. Never the end of data."""

    retryable = True
    remedy = "see whether a proxy, a login page or maintenance answers in the system's place"


class TruncatedBody(BadBody):
    """Fewer bytes than announced."""

    remedy = "run again; if it stays, lower page_size in contract.yml"


class StalledBody(BadBody):
    """The body did not end within its time."""

    remedy = "run again; if it stays, lower page_size in contract.yml"


class SourceError(ExtractError):
    """An error inside a successful answer, or a refusal (4xx) that no repetition mends."""


class NothingThere(SourceError):
    """A list that the vendor says does not exist because there is nothing in it, as below a record that has none."""


class BadCredentials(ExtractError):
    """The system does not accept who we are."""

    remedy = "renew the credential that contract.yml refers to, then run again"


class MissingScope(ExtractError):
    """The credential works, but a permission is missing, so that data would be short."""

    remedy = "grant the permission to the credential that contract.yml refers to, then run again"


class RepeatingCursor(ExtractError):
    """Paging does not advance: reading on would loop for ever or count records twice."""

    remedy = "report it to the vendor; the stream stays at its last proven window"


class CapCrossed(ExtractError):
    """More rows than the vendor lets anyone page through; going on would lose the rest silently."""

    remedy = "lower max_window in contract.yml so that each window stays below the cap"


class ShortRead(ExtractError):
    """The source states a total that was not reached, or was exceeded."""

    remedy = "run again; if it stays, the source's paging and its total disagree: ask its owner"


class SweepRefused(ExtractError):
    """So many records vanished at once that an outage is likelier than deletions."""

    remedy = "look at the source; if the deletions are real, raise sweep_limit_percent for one run"


class Drift(ExtractError):
    """The source's shape broke its contract; what came is in quarantine."""

    remedy = "mend contract.yml and the staging model, or have the source mended; then run again"


class StreamBusy(ExtractError):
    """Another run of the same stream is under way."""

    remedy = "let the other run end, then run again"
