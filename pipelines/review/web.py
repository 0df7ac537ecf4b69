"""The queue as a page on this machine alone: one case at a time, by mouse or by keyboard.

Bound to loopback, shown only to whoever has the address with its key (other users of the machine have not), asks for
nothing from elsewhere, takes a decision only with this page's own token, logs no values.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from difflib import SequenceMatcher
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode

import jinja2
import uvicorn
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.decisions import NotDecided
from pipelines.ledger import LedgerUnavailable
from pipelines.lineage import NotFound
from pipelines.review.cases import Case, shown
from pipelines.review.desk import Desk
from pipelines.review.waterfall import Step, steps
from pipelines.serve import NotReady

LOOPBACK = "127.0.0.1"
Form = dict[str, list[str]]
GONE = "The case that was asked for is not open any more; this is the first that is."
SHOWN = 200
"""Cases listed beside the open one: the worst of a queue is its length."""


def application(desk: Desk, key: str, notes: Callable[[], list[str]] = list) -> Starlette:
    """The page over a desk for whoever comes with `?key=`, which a cookie then remembers.

    `notes` stand at its top, such as rows of the files that change nothing.
    """
    token, cookie = secrets.token_urlsafe(32), f"assay-{secrets.token_hex(4)}"
    page = _template()

    def is_known(request: Request) -> bool:
        return hmac.compare_digest(request.cookies.get(cookie, "").encode(), key.encode())

    async def show(request: Request) -> Response:
        if hmac.compare_digest(request.query_params.get("key", "").encode(), key.encode()):
            entered = RedirectResponse("/", 303)
            entered.set_cookie(cookie, key, httponly=True, samesite="lax")
            return entered
        if not is_known(request):
            return PlainTextResponse("refused: open the whole address that `assay review --web` printed", 403)
        if ids := [each for each in request.query_params.getlist("record") if each.strip()]:
            try:
                return RedirectResponse(f"/?{urlencode({'case': desk.look_up(ids[:2]).case_id})}", 303)
            except (NotFound, NotDecided) as why:
                return RedirectResponse(f"/?{urlencode({'refused': str(why)})}", 303)
        told = desk.follow()
        open_cases = desk.open
        wanted = request.query_params.get("case")
        case = next((each for each in open_cases if each.case_id == wanted), open_cases[0] if open_cases else None)
        gone = GONE if wanted and not (case and case.case_id == wanted) else ""
        place = open_cases.index(case) if case else 0
        nonce = secrets.token_urlsafe(16)
        body = page.render(
            case=case,
            place=place,
            open_cases=open_cases,
            before=open_cases[place - 1].case_id if place else None,
            after=open_cases[place + 1].case_id if place + 1 < len(open_cases) else None,
            most=max((each.worth for each in open_cases), default=1.0) or 1.0,
            done=list(reversed(desk.done)),
            steward=desk.steward,
            said=request.query_params.get("said", ""),
            refused=request.query_params.get("refused", gone),
            note="; ".join(notes()),
            told=told,
            token=token,
            nonce=nonce,
            shown=SHOWN,
            bars=_bars(case) if case else [],
        )
        policy = f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self'; "
        headers = {
            "Content-Security-Policy": policy + "base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        return HTMLResponse(body, headers=headers)

    async def act(request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
        ours = hmac.compare_digest(_one(form, "token").encode(), token.encode())
        if not (ours and is_known(request) and _from_here(request)):
            return PlainTextResponse("refused: this request did not come from the page", 403)
        case_id = _one(form, "case")
        try:
            told = _do(desk, request.path_params["what"], case_id, form)
        except (NotDecided, LedgerUnavailable) as why:
            return RedirectResponse(f"/?{urlencode({'case': case_id, 'refused': str(why)})}", 303)
        stays = {"case": case_id} if any(case.case_id == case_id for case in desk.open) else {}
        return RedirectResponse(f"/?{urlencode({**stays, 'said': told})}", 303)

    return Starlette(
        routes=[Route("/", show), Route("/{what:str}", act, methods=["POST"])],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])],
    )


def serve(desk: Desk, port: int, notes: Callable[[], list[str]] = list, started: Callable[[str], None] = print) -> None:
    """Serve the page on loopback until Ctrl-C; `started` gets its address. Raises NotReady where the port is taken."""
    key = secrets.token_urlsafe(16)
    config = uvicorn.Config(
        application(desk, key, notes), host=LOOPBACK, port=port, access_log=False, log_level="warning"
    )
    server = uvicorn.Server(config)
    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise NotReady(f"port {port} cannot be had ({error.strerror}); leave out --port for a free one") from None
    started(f"http://{LOOPBACK}:{listening.getsockname()[1]}/?key={key}")
    with suppress(KeyboardInterrupt):
        server.run([listening])


def _do(desk: Desk, what: str, case_id: str, form: Form) -> str:
    reason = _one(form, "reason")
    if what == "decide":
        return desk.decide(case_id, _one(form, "word"), reason).told
    if what == "split":
        return desk.split(case_id, form.get("apart", []), reason).told
    if what == "override":
        record, attribute, value = (_one(form, name) for name in ("record", "attribute", "value"))
        return desk.override(case_id, record, attribute, value, reason).told
    if what == "undo" and _one(form, "number").isdecimal():
        return f"taken back: {desk.undo(int(_one(form, 'number'))).told}"
    raise NotDecided("nothing of that name can be done here")


def _one(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _from_here(request: Request) -> bool:
    """Browsers name the page that a form was sent from; another site's is refused."""
    origin = request.headers.get("origin")
    return origin in (None, f"http://{request.headers.get('host')}")


def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"marked": _marked, "quoted": lambda text: quote(text, safe="")}
    environment.globals["title"] = _title
    return environment.from_string(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def _title(case: Case) -> str:
    """Who or what a case is about, as its first record calls it."""
    values = case.left[0].values
    named = (values.get(name) for name in ("full_name", "company_name", "template_name", "email", "sku"))
    return shown(next((name for name in named if name), case.left[0].record_id))


def _marked(value: str, other: str) -> Markup:
    """A value with the parts that the other does not have in <mark>."""
    if not value or not other or value == other:
        return escape(value)
    matched = SequenceMatcher(None, value, other, autojunk=False)
    if matched.ratio() < 0.5:
        return Markup("<mark>{}</mark>").format(value)
    told = Markup("")
    for kind, start, end, *_ in matched.get_opcodes():
        part = escape(value[start:end])
        told += part if kind == "equal" else Markup("<mark>{}</mark>").format(part) if part else ""
    return told


def _bars(case: Case) -> list[dict]:
    """The waterfall in percent of its width."""
    if case.explained is None:
        return []
    found = steps(case.explained)
    told = f"{case.explained.probability:.1%} one party, {case.explained.basis}"
    end = Step("altogether", told, 0.0, case.explained.bits)
    points = [0.0, *(step.end for step in found), *(step.start for step in found)]
    low, width = min(points), max(max(points) - min(points), 1.0)

    def bar(step: Step, kind: str) -> dict:
        left, right = sorted((step.start, step.end))
        return {
            "name": step.name,
            "label": step.label,
            "bits": step.bits,
            "kind": kind,
            "x": 100 * (left - low) / width,
            "w": 100 * (right - left) / width,
            "zero": 100 * (0 - low) / width,
        }

    return [bar(step, "for" if step.bits > 0 else "against") for step in found] + [bar(end, "sum")]
