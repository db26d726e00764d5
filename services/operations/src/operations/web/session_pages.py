"""Signing in and out, and the language that is switched to."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from operations.web import session
from operations.web.edge import LANGUAGE_COOKIE, OperatorPageRoute, explain
from operations.web.forms import SEE_OTHER, AnybodySent, Sent
from operations.web.templates import show
from runtime.errors import NotAllowed
from runtime.texts import CHOSEN, LANGUAGES
from web.auth import NotAuthenticatedError
from web.problems import Problem

router = APIRouter(route_class=OperatorPageRoute)

_TOLD = ("expired-token", "early-token", "bad-token", "long-token", "revoked-token")
"""Reasons to be asked to sign in again that are worth a word; having no token yet is none."""
_A_YEAR = 365 * 24 * 3600


@router.get("/sign-in")
async def ask(request: Request, why: str = "", next: str = session.ROOT) -> Response:  # noqa: A002 - the address's word
    """Show the sign-in page."""
    await session.recognise(request)
    told = await explain(request, NotAuthenticatedError(why)) if why in _TOLD else None
    return _page(request, told, next, 200)


@router.post("/sign-in")
async def sign_in(request: Request, form: AnybodySent) -> Response:
    """Check the token that was pasted, and keep it in the browser."""
    token = "".join(form.text("token").split()).removeprefix("Bearer")
    try:
        await session.verified(request, token)
    except (NotAuthenticatedError, NotAllowed) as error:
        told = await explain(request, error)
        return _page(request, told, form.text("next"), told.status)
    return session.signed_in(request, token, form.text("next"))


@router.post("/sign-out")
async def sign_out(form: Sent) -> Response:
    """Forget who it was."""
    del form
    return session.signed_out()


@router.post("/language")
async def switch_language(request: Request, form: AnybodySent) -> Response:
    """Remember a language, and go back."""
    answer = RedirectResponse(session.within(form.text("back"), signing_in=True), SEE_OTHER)
    if (language := form.text("language")) in LANGUAGES:
        secure = session.is_encrypted(request)
        name, path = (CHOSEN, "/") if secure else (LANGUAGE_COOKIE, session.ROOT)
        answer.set_cookie(name, language, _A_YEAR, path=path, secure=secure, httponly=True, samesite="lax")
    return answer


def _page(request: Request, why: Problem | None, then: str, status: int) -> Response:
    return show(request, "sign-in.html", status=status, why=why, then=session.within(then))
