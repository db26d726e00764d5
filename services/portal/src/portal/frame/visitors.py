"""Who visits: the visit that a request is, and who is let in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from portal.frame import cookies
from portal.frame.person import Session
from portal.frame.sealed import Recalled, new_secret
from portal.frame.visits import PageVisit
from runtime.texts import Language, of_page
from web.auth import Role

VIEWS = ("plain", "elder")
"""The usual view, and the one for elders: larger type, fewer choices."""
_TURNS = 3
"""Of the event loop, in which a page's calls leave, gathered within one another: they take longer than the look-up."""


class SignInNeeded(Exception):
    """The page is for somebody who is signed in."""


class WrongRole(Exception):
    """The page is not for whoever is signed in."""

    def __init__(self, roles: Sequence[Role]) -> None:
        super().__init__(", ".join(roles))
        self.roles = tuple(roles)


async def visit_of(request: Request) -> PageVisit:
    """Return the visit that a request is, the same for all who ask. Raises ProviderAway.

    A page that is only looked at is made with what is remembered of the session while that is looked up.
    """
    known: PageVisit | None = getattr(request.state, "visit", None)
    if known is None:
        sessions, secret = request.app.state.frame.sessions, cookies.read(request, cookies.SESSION)
        recalled = sessions.recall(secret) if request.method == "GET" else None
        known = visit_with(request, recalled.content if recalled else await sessions.find(secret))
        if recalled is not None:
            known.remembered = recalled.content
            known.looking = asyncio.create_task(_look_up(known, secret, recalled))
        request.state.visit = known
    return known


def visit_with(request: Request, session: Session | None) -> PageVisit:
    known = stranger(request)
    known.session = session
    known.secret = cookies.read(request, cookies.SESSION) if session else ""
    return known


async def _look_up(known: PageVisit, secret: str, recalled: Recalled[Session]) -> Session | None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    known.prepare()
    return await known.frame.sessions.find(secret, recalled)


def stranger(request: Request) -> PageVisit:
    """Return a visit without a sign-in."""
    view = cookies.read(request, cookies.VIEW)
    return PageVisit(
        request,
        request.app.state.frame,
        language_of(request),
        view if view in VIEWS else VIEWS[0],
        cookies.read(request, cookies.BROWSER) or new_secret(),
    )


def language_of(request: Request) -> Language:
    """Return the language that was chosen, else the one that the browser asks for."""
    return of_page(cookies.read(request, cookies.LANGUAGE), request.headers.get("accept-language"))


Anybody = Annotated[PageVisit, Depends(visit_of)]
"""A visit that needs no sign-in."""


def signed_in(*roles: Role) -> Any:  # noqa: ANN401 - what FastAPI's Depends returns
    """Build the dependency that gives a visit of somebody with one of these roles.

    Raises SignInNeeded, which leads to the sign-in and back, and WrongRole, which says who may.
    """

    async def visiting(request: Request) -> PageVisit:
        visit = await visit_of(request)
        if visit.person is None:
            raise SignInNeeded
        if visit.person.role not in roles:
            raise WrongRole(roles)
        return visit

    return Depends(visiting)


Reviewer = Annotated[PageVisit, signed_in(Role.REVIEWER)]
Official = Annotated[PageVisit, signed_in(Role.OFFICIAL)]
