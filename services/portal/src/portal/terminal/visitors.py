"""Who visits the terminal's pages: the resident whose card lies on the reader."""

from __future__ import annotations

from starlette.requests import Request

from portal.frame.visitors import SignInNeeded, visit_of

ROOT = "/terminal"


async def at_the_terminal(request: Request) -> None:
    """Say whose visit it is. Raises SignInNeeded without a card, which leads to the beginning."""
    visit = await visit_of(request)
    if visit.session is None or visit.session.terminal is None:
        raise SignInNeeded
    visit.presence, visit.base, visit.can_hand_in = visit.session.terminal.presence, ROOT, False
