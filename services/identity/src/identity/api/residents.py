"""/v1/residents: registration in person, renewal, suspension and reinstatement."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from identity.api.parts import DepsOf, ResidentId
from identity.api.requests import Because, Registration, Renewal
from identity.api.terminals import ClerkOrTerminal
from identity.api.views import ResidentView
from identity.domain.resident import Resident
from identity.handlers import registration, suspension
from web.auth import Principal, Role, allow
from web.routes import Commit, IfMatch

router = APIRouter(prefix="/residents", tags=["residents"])

Clerk = Annotated[Principal, allow(Role.CLERK, signed=True)]


@router.post(
    "",
    status_code=201,
    summary="Register a person in person",
    response_model=ResidentView,
    responses={200: {"model": ResidentView, "description": "Registered already: the same resident"}},
)
async def register(body: Registration, by: ClerkOrTerminal, deps: DepsOf, commit: Commit) -> Response:
    """Register whoever stands there with the original card, as the reader gives it.

    The same person again is the same resident, with the newer card. The number of somebody else is refused (409).
    """
    return await commit(lambda: registration.register(body.reading, body.place, by, deps), ResidentView.of, _created)


@router.post("/{id}/card", summary="Read a renewed card, or note a move", response_model=ResidentView)
async def renew_card(
    id: ResidentId, body: Renewal, by: ClerkOrTerminal, deps: DepsOf, commit: Commit, if_match: IfMatch
) -> Response:
    """Take over the new card's validity and address, and the community after a move."""
    return await commit(
        lambda: registration.renew_card(id, body.reading, body.community, by, deps, if_match=if_match),
        ResidentView.of,
    )


@router.post("/{id}/suspension", summary="Suspend a resident", response_model=ResidentView)
async def suspend(
    id: ResidentId, body: Because, by: Clerk, deps: DepsOf, commit: Commit, if_match: IfMatch
) -> Response:
    """Stop a resident's applications and matches until reinstated."""
    return await commit(lambda: suspension.suspend(id, body.reason, by, deps, if_match=if_match), ResidentView.of)


@router.post("/{id}/reinstatement", summary="Lift a suspension", response_model=ResidentView)
async def reinstate(
    id: ResidentId, body: Because, by: Clerk, deps: DepsOf, commit: Commit, if_match: IfMatch
) -> Response:
    """Let a suspended resident apply again."""
    return await commit(lambda: suspension.reinstate(id, body.reason, by, deps, if_match=if_match), ResidentView.of)


def _created(resident: Resident) -> int:
    return 201 if resident.version == 0 else 200
