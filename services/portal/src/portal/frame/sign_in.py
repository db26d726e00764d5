"""Signing in and out at the provider, and choosing language and view."""

from __future__ import annotations

from datetime import timedelta

import structlog
from starlette.responses import RedirectResponse, Response

from portal.frame import cookies, operators
from portal.frame.forms import Sent, keep_typed
from portal.frame.person import Session, SignedInPerson
from portal.frame.place import router as page_router
from portal.frame.provider import ProviderAway, SignInRefused
from portal.frame.template_pages import query
from portal.frame.visitors import VIEWS, Anybody
from portal.frame.visits import SEE_OTHER, PageVisit, within
from runtime.clock import utc_now
from runtime.texts import LANGUAGES
from web.auth import Role

RETURN = "/sign-in/return"
SIGNED_OUT = "/signed-out"
ATTEMPT_LASTS = timedelta(minutes=30)
"""How long somebody may take at the provider."""

router = page_router()

log = structlog.get_logger()


@router.get("/sign-in")
async def begin(visit: Anybody, next: str = "") -> Response:  # noqa: A002 - the address's word
    """Send the browser to the provider. Who is signed in already goes on at once."""
    if visit.session is not None:
        return _onward(visit, visit.session, next)
    address, attempt = await visit.frame.provider.begin(
        f"{visit.home}{RETURN}", within(next) if next else "", visit.language
    )
    await visit.frame.attempts.put(_key_of(visit, attempt.state), attempt, utc_now() + ATTEMPT_LASTS)
    answer = RedirectResponse(address, SEE_OTHER)
    cookies.write(answer, cookies.BROWSER, visit.browser)
    return answer


@router.get(RETURN)
async def finish(visit: Anybody, state: str = "", code: str = "", error: str = "") -> Response:
    """Take what the provider says of a sign-in that this browser began, once, and begin a session."""
    await visit.certain()  # from here on nothing can be done twice
    key = _key_of(visit, state)
    attempt = await visit.frame.attempts.find(key)
    if attempt is None or not await visit.frame.attempts.remove(key):
        if visit.person is not None:  # the way back was taken twice: by a reload, by the back button
            return visit.go(visit.frame.home_of(visit.person.role))
        return visit.show("frame/sign-in-failed.html", status=400, then="")
    if error or not code:
        log.info("sign_in_refused", error=error[:100])
        return visit.show("frame/sign-in-failed.html", status=400, then=attempt.then)
    try:
        person, tokens = await visit.frame.provider.finish(attempt, code)
    except SignInRefused as refusal:
        log.warning("sign_in_refused", error=str(refusal))
        return visit.show("frame/sign-in-failed.html", status=400, then=attempt.then)
    await visit.frame.sessions.end(cookies.read(visit.request, cookies.SESSION))
    visit.secret = await visit.frame.sessions.begin(person, tokens)
    visit.session = await visit.frame.sessions.find(visit.secret)
    answer = _arrived(visit, person, attempt.then or visit.frame.home_of(person.role))
    cookies.write(answer, cookies.SESSION, visit.secret)
    return answer


@router.post("/sign-out")
async def leave(visit: Anybody, form: Sent) -> Response:
    """End the session here, then at the provider."""
    del form
    address = SIGNED_OUT
    if visit.session is not None:
        await visit.frame.sessions.end(visit.secret)
        try:
            back = f"{visit.home}{SIGNED_OUT}"
            address = await visit.frame.provider.farewell(visit.session.tokens, back)
        except ProviderAway:
            log.warning("sign_out_at_provider_failed")
    answer = RedirectResponse(address, SEE_OTHER)
    for name in (cookies.SESSION, cookies.KEPT, cookies.BROWSER):
        cookies.remove(answer, name)
    operators.take_back(answer)
    return answer


@router.get(SIGNED_OUT)
async def left(visit: Anybody) -> Response:
    """Say that nobody is signed in here any more."""
    return visit.show("frame/signed-out.html")


@router.post("/settings")
async def choose(visit: Anybody, form: Sent) -> Response:
    """Remember a language or a view, and go back to the page with what was typed there."""
    answer = visit.go(form.page)
    if (language := form.text("language")) in LANGUAGES:
        cookies.write(answer, cookies.LANGUAGE, language, seconds=cookies.A_YEAR)
    if (view := form.text("view")) in VIEWS:
        cookies.write(answer, cookies.VIEW, view, seconds=cookies.A_YEAR)
    await keep_typed(visit, form, answer, but=("language", "view"))
    return answer


def _onward(visit: PageVisit, session: Session, to: str) -> Response:
    """Go on to where somebody who is signed in wants to go."""
    address = within(to) if to else visit.frame.home_of(session.person.role)
    answer = visit.go(address)
    if operators.leads_there(session, address):
        operators.hand_over(session, answer, visit.frame.own_key, visit.home)
    return answer


def _arrived(visit: PageVisit, person: SignedInPerson, address: str) -> Response:
    """Go on after a sign-in. Operators press a link: their pages are sent no cookie on a way that began elsewhere."""
    if person.role is Role.OPERATOR and address.startswith((operators.ROOT, operators.HOME)):
        onward = address if address == operators.HOME else f"/sign-in{query(next=address)}"
        return visit.show("frame/to-operations.html", onward=onward)
    return visit.go(address)


def _key_of(visit: PageVisit, state: str) -> str:
    """Return the secret of an attempt: only the browser that began it can end it, with several side by side."""
    return f"{visit.browser} {state}"
