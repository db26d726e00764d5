"""A visit: it begins with the card and the terminal's word for it, and ends with silence, a tap, or the card taken off.

The terminal's reader hands over the card with the terminal's token and a delegation to a key of the portal's, made for
this visit (decision 35). What is read is held by nobody: the portal calls as the terminal until the visit ends.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import jwt
from pydantic import Field, ValidationError
from starlette.responses import RedirectResponse, Response

from portal.frame import cookies
from portal.frame.calls import Away, CallRefused, Calls, GatewayAnswer, GatewayProblem, Json, Nothing, SignInEnded
from portal.frame.device_key import DeviceKey
from portal.frame.forms import Form, Sent
from portal.frame.person import AtTerminal, SignedInPerson, Tokens
from portal.frame.place import router as page_router
from portal.frame.sealed import new_secret
from portal.frame.template_pages import path_of
from portal.frame.visitors import Anybody
from portal.frame.visits import SEE_OTHER, PageVisit
from portal.resident.answers import Standing
from portal.terminal.visitors import ROOT
from web.auth import Role

HOME = f"{ROOT}/home"
NOT_REGISTERED = "presence-not-registered"

router = page_router()


class Reading(GatewayAnswer):
    """What a terminal's reader hands over."""

    card: dict[str, str | None] = Field(repr=False)
    token: str = Field(repr=False)
    delegation: str = Field(repr=False)


class KioskTerminal(GatewayAnswer):
    """What the token says of the terminal; the services check it with every call."""

    sub: str
    exp: int
    communities: tuple[str, ...] = ()


@router.get(f"{ROOT}/")
async def start(visit: Anybody) -> Response:
    """Ask for the card; a visit that lasts goes on."""
    if _is_inside(visit):
        return visit.go(HOME)
    return _start(visit)


@router.post(f"{ROOT}/visits")
async def begin(visit: Anybody, form: Sent) -> Response:
    """Begin the visit of the person whose card was read."""
    return await _begin(visit, form, registering=False)


@router.post(f"{ROOT}/registrations")
async def register(visit: Anybody, form: Sent) -> Response:
    """Register the person, who has the original card, and begin the visit."""
    return await _begin(visit, form, registering=True)


@router.get(f"{ROOT}/here")
async def here(visit: Anybody) -> Response:
    """Break the silence: somebody is typing."""
    return Response(status_code=204 if _is_inside(visit) else 410)


@router.get(f"{ROOT}/end")
async def end(visit: Anybody) -> Response:
    """End the visit, and leave nothing of it here."""
    if visit.session is not None and visit.session.terminal is not None:
        presence = visit.session.terminal.presence
        with suppress(CallRefused, Away, SignInEnded):  # over already, or ends by itself
            await visit.call.post(f"/v1/presences/{path_of(presence)}/end", Nothing, once=presence)
        await visit.frame.sessions.end(visit.secret)
    answer = RedirectResponse(f"{ROOT}/?done=ended", SEE_OTHER)
    for name in (cookies.SESSION, cookies.KEPT, cookies.BROWSER, cookies.LANGUAGE, cookies.VIEW):
        cookies.remove(answer, name)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _is_inside(visit: PageVisit) -> bool:
    return visit.session is not None and visit.session.terminal is not None


def _start(visit: PageVisit, problem: GatewayProblem | None = None) -> Response:
    nonce = new_secret()
    return visit.show(
        "terminal/start.html", problem=problem, nonce=nonce, key=_key(visit, nonce).thumbprint, fields={"": "card"}
    )


def _key(visit: PageVisit, nonce: str) -> DeviceKey:
    """Return the portal's key for one visit: of this browser, from a page that was shown here."""
    return DeviceKey(visit.frame.keyed("terminal", visit.browser, nonce))


async def _begin(visit: PageVisit, form: Form, *, registering: bool) -> Response:
    nonce, key = form.text("nonce"), _key(visit, form.text("nonce"))
    try:
        reading = Reading.model_validate_json(form.text("card"))
        terminal = KioskTerminal.model_validate(jwt.decode(reading.token, options={"verify_signature": False}))
    except (ValidationError, jwt.PyJWTError):
        return _start(visit, _unreadable(visit))
    call = replace(
        visit.call,
        token=reading.token,
        prove=lambda method, url, _: key.proof(method, url, reading.token, reading.delegation),
    )
    try:
        if registering:
            await _register(call, reading, terminal, form.once)
        standing = await call.post("/v1/presences", Standing, {**reading.card}, once=f"{form.once}-begin")
    except CallRefused as refused:
        if refused.problem.code == NOT_REGISTERED and not registering:
            return visit.show("terminal/unregistered.html", card=form.text("card"), nonce=nonce)
        return _start(visit, _said(refused.problem))
    except SignInEnded:
        return _start(visit, GatewayProblem(status=503, title=visit.t("terminal.start.out-of-order")))
    return await _inside(visit, key, reading, terminal, standing)


async def _register(call: Calls, reading: Reading, terminal: KioskTerminal, once: str) -> None:
    community = next(iter(terminal.communities), "")
    body: dict[str, Json] = {**reading.card, "channel": "terminal", "community": community}
    await call.post("/v1/residents", Nothing, body, once=f"{once}-register")


async def _inside(
    visit: PageVisit, key: DeviceKey, reading: Reading, terminal: KioskTerminal, standing: Standing
) -> Response:
    """Begin the session; the one before it, whosever it was, has ended."""
    await visit.frame.sessions.end(visit.secret)
    until = datetime.fromtimestamp(terminal.exp, UTC)
    person = SignedInPerson(
        subject=terminal.sub, role=Role.TERMINAL, name=standing.name, communities=terminal.communities
    )
    seconds = visit.frame.settings.terminal_seconds
    at = AtTerminal(seed=key.seed, delegation=reading.delegation, presence=standing.presence_id, seconds=seconds)
    secret = await visit.frame.sessions.begin_at_terminal(
        person, Tokens(access=reading.token, until=until), at, min(until, standing.ends_at)
    )
    answer = visit.go(HOME)
    cookies.write(answer, cookies.SESSION, secret)
    return answer


def _unreadable(visit: PageVisit) -> GatewayProblem:
    return GatewayProblem(status=422, title=visit.t("terminal.start.unreadable"))


def _said(problem: GatewayProblem) -> GatewayProblem:
    """Say what is wrong with a card in the summary: there are no fields to go to."""
    detail = " ".join(part for each in problem.errors for part in (each.detail, each.action) if part)
    return problem.model_copy(
        update={"errors": (), "detail": detail or problem.detail, "action": "" if detail else problem.action}
    )
