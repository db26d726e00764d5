"""Who is at the page: a token in a cookie, or in the header that a proxy before us sets; and forms of our own only.

The cookie holds nothing but the token itself, which is verified at every request exactly like a bearer token: there is
no session to keep, to steal from the store, or to lose at a restart.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runtime.errors import NotAllowed, Refusal
from web.auth import NotAuthenticatedError, Principal, Role, wrong_role
from web.proof import BadProofError, Call, check
from web.tokens import Verifier

ROOT = "/operations/"
SIGN_IN = "/operations/sign-in"
TOKEN_COOKIE = "yizheng-operator"  # noqa: S105 - its name
VISIT_COOKIE = "yizheng-visit"
PORTAL_COOKIE = "__Host-yizheng"
"""The portal's session, which hands a token over to here: who signs out here is signed out there, too."""

HANDED_OVER_FOR = 3600.0
"""Seconds that a token which is bound to the portal's key counts here at most, once it was handed over."""

_SEE_OTHER = 303


async def operator(request: Request) -> Principal:
    """Return who is signed in. Raises NotAuthenticatedError, and NotAllowed for whoever is no operator."""
    principal = await verified(request, _token(request))
    request.state.principal = principal
    return principal


Operator = Annotated[Principal, Depends(operator)]


async def recognise(request: Request) -> None:
    """Find out who it is where nobody needs to be: pages and forms are then those of whoever is signed in."""
    try:
        await operator(request)
    except (NotAuthenticatedError, Refusal):
        request.state.principal = None


async def verified(request: Request, kept: str | None) -> Principal:
    """Return whom a token speaks for, if that is an operator.

    One that is bound to a key counts with the proof behind it (`token~proof`) that its holder handed it to these pages.
    """
    if not kept:
        raise NotAuthenticatedError("no-token")
    token, _, proof = kept.partition("~")
    verifier: Verifier = request.app.state.verifier
    principal = await verifier.verify(token)
    _check_handed_over(request, principal, token, proof)
    if principal.role is not Role.OPERATOR:
        raise wrong_role(principal.role, [Role.OPERATOR])
    return principal


def _check_handed_over(request: Request, principal: Principal, token: str, proof: str) -> None:
    verifier: Verifier = request.app.state.verifier
    if principal.key is None:
        if principal.role in verifier.bound:
            raise NotAuthenticatedError("unbound-token")
        return
    call = Call("GET", f"https://{request.url.netloc}{ROOT}", token)
    try:
        check(proof, principal.key, call, is_counted=False, age=HANDED_OVER_FOR)
    except BadProofError as error:
        raise NotAuthenticatedError("proof-bad") from error


def ask_to_sign_in(request: Request, why: str) -> Response:
    """Send to the sign-in page, which says why and leads back afterwards."""
    back = request.url.path if request.method == "GET" else _page_of(request)
    if request.method == "GET" and request.url.query:
        back += f"?{request.url.query}"
    answer = RedirectResponse(f"{SIGN_IN}?why={why}&next={quote(back, safe='')}", _SEE_OTHER)
    answer.delete_cookie(TOKEN_COOKIE, path=ROOT)
    return answer


def signed_in(request: Request, token: str, then: str) -> Response:
    """Keep the token in the browser, where no script can read it and no other site can make it be sent."""
    answer = RedirectResponse(within(then), _SEE_OTHER)
    _keep(request, answer, TOKEN_COOKIE, token)
    _keep(request, answer, VISIT_COOKIE, secrets.token_urlsafe(24))
    return answer


def signed_out() -> Response:
    """Forget who it was, here and in the portal."""
    answer = RedirectResponse(SIGN_IN, _SEE_OTHER)
    for name in (TOKEN_COOKIE, VISIT_COOKIE):
        answer.delete_cookie(name, path=ROOT)
    answer.delete_cookie(PORTAL_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def by_proxy(request: Request) -> bool:
    """Tell whether a proxy before us signs people in, so that signing out is its business."""
    return "authorization" in request.headers


def within(address: str, *, signing_in: bool = False) -> str:
    """Return an address of these pages; any other becomes the first page, so that nobody is led elsewhere."""
    parts = urlsplit(address)
    ours = not parts.scheme and not parts.netloc and parts.path.startswith(ROOT)
    wanted = signing_in or parts.path != SIGN_IN
    return address if ours and wanted and "\\" not in address and address.isprintable() else ROOT


def form_token(request: Request) -> str:
    """Return what a form of this visit must carry. A visit begins with the first form that is shown."""
    visit: str | None = getattr(request.state, "visit", None) or request.cookies.get(VISIT_COOKIE)
    if not visit:
        visit = secrets.token_urlsafe(24)
    request.state.visit = visit
    return hmac.new(visit.encode(), _who(request).encode(), "sha256").hexdigest()


def remember_visit(request: Request, answer: Response) -> None:
    """Let the browser keep the visit that a form of this answer belongs to."""
    visit = getattr(request.state, "visit", None)
    if visit and visit != request.cookies.get(VISIT_COOKIE):
        _keep(request, answer, VISIT_COOKIE, visit)


def check_form(request: Request, token: str) -> None:
    """Raise NotAllowed unless the form was shown by us, in this visit, to whoever sends it."""
    known = VISIT_COOKIE in request.cookies
    elsewhere = "origin" in request.headers and not is_of_ours(request)
    if elsewhere or not known or not hmac.compare_digest(form_token(request).encode(), token.encode()):
        raise NotAllowed("form-expired")


def is_of_ours(request: Request) -> bool:
    """Tell whether the browser says that a page of ours has sent this."""
    return urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host")


def _who(request: Request) -> str:
    principal = getattr(request.state, "principal", None)
    return principal.subject if principal else ""


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get(TOKEN_COOKIE)


def _page_of(request: Request) -> str:
    """Return the page that a form was on."""
    return within(urlsplit(request.headers.get("referer", "")).path)


def _keep(request: Request, answer: Response, name: str, value: str) -> None:
    answer.set_cookie(name, value, path=ROOT, secure=is_encrypted(request), httponly=True, samesite="strict")


def is_encrypted(request: Request) -> bool:
    """Tell whether the browser speaks TLS with us, or with the gateway."""
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
