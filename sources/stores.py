"""Where files lie: a local folder, an SFTP server, object storage; list what is there, fetch one to a local path.

What the files mean is in files.py. Locations are URLs: file:///in, sftp://host:22/in, s3://bucket/in?region=…
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow.fs as pafs

from sources.errors import BadCredentials, ExtractError, SourceError, Unreachable

PATIENCE_S = 60
Problem = Callable[[type[ExtractError], str], ExtractError]


@dataclass(frozen=True)
class Entry:
    """One file as listed: its path below the location, bytes, and when it was last changed (naive UTC)."""

    path: str
    size: int
    changed_at: datetime


class Store(Protocol):
    """A place with files."""

    def listed(self) -> list[Entry]: ...

    def fetch(self, entry: Entry, target: Path) -> None: ...

    def close(self) -> None: ...


def open_store(location: str, secrets: Mapping[str, str], problem: Problem) -> Store:
    """The store at a URL; `problem` makes the error to raise. Nothing is asked of it yet, no value is quoted."""
    url = urlsplit(location)
    if url.scheme == "sftp":
        # Imported only where it is needed: it takes as long as all else together.
        from sources.sftp import Sftp

        return Sftp(url.hostname or "", url.port or 22, unquote(url.path) or ".", secrets, problem)
    if url.scheme == "s3":
        return Shelf(_bucket(url, secrets), f"{url.netloc}{unquote(url.path)}".rstrip("/"), problem)
    if url.scheme == "file":
        return Shelf(pafs.LocalFileSystem(), unquote(url.path), problem)
    raise problem(SourceError, "its location is not a URL that begins with file://, sftp:// or s3://")


def _bucket(url: Any, secrets: Mapping[str, str]) -> pafs.S3FileSystem:
    """Object storage; the query may name `region` and, if not Amazon's, `endpoint` as host:port and `scheme`."""
    said = dict(parse_qsl(url.query))
    own = {"endpoint_override": said["endpoint"], "scheme": said.get("scheme", "https")} if "endpoint" in said else {}
    return pafs.S3FileSystem(
        access_key=secrets.get("access_key"),
        secret_key=secrets.get("secret_key"),
        region=said.get("region", "us-east-1"),
        connect_timeout=10,
        request_timeout=PATIENCE_S,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=3),
        **own,
    )


class Shelf:
    """A folder of a file system that Arrow knows."""

    def __init__(self, system: pafs.FileSystem, root: str, problem: Problem) -> None:
        self.system, self.root, self.problem = system, root, problem

    def listed(self) -> list[Entry]:
        """Every file below the root."""
        try:
            found = self.system.get_file_info(pafs.FileSelector(self.root, recursive=True))
        except OSError as error:
            raise self._told(error) from None
        files = [one for one in found if one.type == pafs.FileType.File]
        return [Entry(self._below(one.path), one.size, _naive(one.mtime)) for one in files]

    def fetch(self, entry: Entry, target: Path) -> None:
        """Copy a file to a local path."""
        try:
            with self.system.open_input_stream(f"{self.root}/{entry.path}") as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
        except OSError as error:
            raise self._told(error) from None

    def close(self) -> None:
        """Nothing stays open."""

    def _below(self, path: str) -> str:
        return path[len(self.root) :].lstrip("/") if path.startswith(self.root) else path

    def _told(self, error: OSError) -> ExtractError:
        text = str(error)
        if isinstance(error, PermissionError) or "ACCESS_DENIED" in text or "AccessDenied" in text or "403" in text:
            return self.problem(BadCredentials, "its files may not be read with this credential")
        if isinstance(error, FileNotFoundError):
            return self.problem(Unreachable, "the folder or file is not there")
        return self.problem(Unreachable, f"the files cannot be read ({type(error).__name__})")


def _naive(at: datetime | None) -> datetime:
    return (at or datetime.fromtimestamp(0, UTC)).astimezone(UTC).replace(tzinfo=None)
