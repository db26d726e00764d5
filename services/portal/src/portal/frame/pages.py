"""What is the same for every page: headers that keep it to itself, and faults, refusals and sign-ins as pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import quote

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.frame import cookies, forms
from portal.frame.calls import Away, CallRefused, SignInEnded, Slow
from portal.frame.provider import ProviderAway
from portal.frame.visitors import SignInNeeded, WrongRole, stranger, visit_of, visit_with
from portal.frame.visits import SEE_OTHER, PageVisit, SessionChanged

SIGN_IN = "/sign-in"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with everything that does not say otherwise itself."""
_ENCODED = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in HEADERS.items()]
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

log = structlog.get_logger()


class PageRoute(APIRoute):
    """A route whose answers, refusals and faults are pages."""

    def get_route_handler(self) -> Handler:
        """Wrap the route's own handler."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                answer = await _made(request, inner)
            except Exception as error:  # noqa: BLE001 - a person is told of every fault by a page; it is logged below
                answer = await _told(request, error)
            finally:
                await forms.close(request)
            said = {name for name, _ in answer.raw_headers}
            added = [*_ENCODED, (b"content-security-policy", policy(request))]
            answer.raw_headers += [each for each in added if each[0] not in said]
            return answer

        return handler


async def _made(request: Request, inner: Handler) -> Response:
    """Make a page; once more when it was made for what was remembered of a session, and that has changed."""
    try:
        return await _certainly(request, inner)
    except SessionChanged as changed:
        request.state.visit = visit_with(request, changed.session)
        return await _certainly(request, inner)


async def _certainly(request: Request, inner: Handler) -> Response:
    visit = await visit_of(request)
    try:
        await forms.restore(visit)
        answer = await inner(request)
    except Exception as error:
        await visit.certain()
        if isinstance(error, SignInEnded) and visit.looking is not None and visit.looking.result() != visit.remembered:
            raise SessionChanged(visit.looking.result()) from error  # another process has renewed its tokens
        raise
    await visit.certain()
    await forms.forget(visit)
    return answer


def policy(request: Request) -> bytes:
    """Return what a page may load, and from where. Forms lead here, and on to the provider at signing in and out."""
    frame = request.app.state.frame
    return _directives(frame.place_of(request.scope["path"]).policy, frame.settings.reader, frame.provider.origins)


@cache
def _directives(own: tuple[tuple[str, str], ...], reader: str, origins: tuple[str, ...]) -> bytes:
    of_place = {name: value.format(reader=reader) for name, value in own}
    directives = {**_POLICY, "form-action": " ".join(["'self'", *origins]), **of_place}
    return "; ".join(f"{name} {value}" for name, value in directives.items()).encode("latin-1")


async def _told(request: Request, error: Exception) -> Response:
    visit: PageVisit = getattr(request.state, "visit", None) or stranger(request)
    request.state.visit = visit
    if isinstance(error, SignInNeeded | SignInEnded | forms.FormExpired):
        return await _not_of_this_session(request, visit, error)
    if isinstance(error, Away | ProviderAway | PyMongoError) and request.method == "POST":
        return await _not_taken(request, visit, error)
    return _said(visit, error)


async def _not_taken(request: Request, visit: PageVisit, error: Exception) -> Response:
    """Say that a form could not be taken now, and lead back to its page, where what was typed stands again."""
    form = await forms.read(request)
    answer = _said(visit, error, again=form.page)
    with suppress(PyMongoError):  # the store itself is away; the browser's way back remains
        await forms.keep_sent(request, answer)
    return answer


async def _not_of_this_session(request: Request, visit: PageVisit, error: Exception) -> Response:
    if isinstance(error, forms.FormExpired):
        return await _expired(request, visit)
    if isinstance(error, SignInNeeded):
        return await _sign_in(request, visit)
    await visit.frame.sessions.end(visit.secret)
    visit.session = None
    answer = await _sign_in(request, visit)
    cookies.remove(answer, cookies.SESSION)
    return answer


def _said(visit: PageVisit, error: Exception, again: str = "") -> Response:
    match error:
        case WrongRole():
            return visit.show("frame/wrong-role.html", status=403, roles=error.roles)
        case CallRefused():
            return visit.show("frame/refused.html", status=error.problem.status, refused=error.problem)
        case HTTPException() | RequestValidationError():
            return visit.show("frame/not-found.html", status=getattr(error, "status_code", 404))
        case ProviderAway():
            log.warning("provider_away", error=str(error))
            return _away(visit, "sign-in", again)
        case Away() | PyMongoError():
            return _away(visit, "slow" if isinstance(error, Slow) else "service", again)
    log.error("page_failed", exc_info=error)
    return visit.show("frame/failed.html", status=500)


def _away(visit: PageVisit, what: str, again: str) -> Response:
    visit.has_away = False  # all of the page is
    answer = visit.show("frame/away.html", status=503, what=what, again=again or visit.address, is_kept=bool(again))
    answer.headers["Retry-After"] = "5"
    return answer


async def _sign_in(request: Request, visit: PageVisit) -> Response:
    """Lead to the sign-in and back; what was typed is kept meanwhile. At a kiosk nothing is: the next card begins."""
    place = visit.frame.place_of(request.url.path)
    if place.silence:
        return RedirectResponse(place.root, SEE_OTHER)
    if request.method not in {"GET", "HEAD"}:
        return await forms.keep(request, f"{SIGN_IN}?next=")
    if request.headers.get("hx-request"):  # a live part of a page: the page itself goes to the sign-in
        return Response(status_code=204, headers={"HX-Redirect": f"{SIGN_IN}?next={quote(visit.address, safe='')}"})
    return RedirectResponse(f"{SIGN_IN}?next={quote(visit.address, safe='')}", SEE_OTHER)


async def _expired(request: Request, visit: PageVisit) -> Response:
    """Show what was typed, to be taken over into a fresh form: it is of another session than the one of now."""
    if visit.frame.place_of(request.url.path).silence:
        return RedirectResponse(visit.frame.place_of(request.url.path).root, SEE_OTHER)
    form = await forms.read(request)
    if visit.person is not None and form.text(forms.OWNER) == visit.owner and forms.comes_from_us(request):
        return await forms.keep(request, "")
    return visit.show("frame/form-expired.html", status=403, page=form.page)
