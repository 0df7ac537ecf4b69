"""Object storage as a client of Amazon's S3 sees it, from a folder: list, look at, read; nothing is ever written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_MISSING = "<Error><Code>NoSuchKey</Code><Message>No such key</Message></Error>"


def app(folder: Path, access_key: str) -> Starlette:
    """Buckets are the folders below `folder`; whoever does not sign as `access_key` is refused."""

    async def answer(request: Request) -> Response:
        if f"Credential={access_key}/" not in request.headers.get("authorization", ""):
            return Response(_DENIED, 403, media_type="application/xml")
        bucket, _, key = request.path_params["path"].partition("/")
        if not key:
            return _listing(folder / bucket, request.query_params)
        path = folder / bucket / key
        if not path.is_file():
            return Response(_MISSING, 404, media_type="application/xml")
        return _content(path, request)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD"])])


def _listing(bucket: Path, asked: dict[str, str]) -> Response:
    prefix = asked.get("prefix", "")
    files = sorted(path for path in bucket.rglob("*") if path.is_file())
    found = [path for path in files if str(path.relative_to(bucket)).startswith(prefix)]
    entries = "".join(
        f"<Contents><Key>{escape(str(path.relative_to(bucket)))}</Key><Size>{path.stat().st_size}</Size>"
        f"<LastModified>{_stamp(path, '%Y-%m-%dT%H:%M:%S.000Z')}</LastModified></Contents>"
        for path in found
    )
    count = f"<KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>"
    body = f"<ListBucketResult><Name>{bucket.name}</Name>{count}{entries}</ListBucketResult>"
    return Response(body, media_type="application/xml")


def _content(path: Path, request: Request) -> Response:
    body = path.read_bytes()
    headers = {"Last-Modified": _stamp(path, "%a, %d %b %Y %H:%M:%S GMT"), "Accept-Ranges": "bytes", "ETag": '"1"'}
    asked = request.headers.get("range")
    if not asked:
        return Response(body, headers=headers)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    end = min(int(last or len(body) - 1), len(body) - 1)
    headers["Content-Range"] = f"bytes {first}-{end}/{len(body)}"
    return Response(body[int(first) : end + 1], 206, headers)


def _stamp(path: Path, form: str) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime(form)
