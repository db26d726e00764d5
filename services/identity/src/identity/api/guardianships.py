"""/v1/guardianships: who may act for a child."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from identity.api.parts import DepsOf, GuardianshipId
from identity.api.requests import Because, NewGuardianship
from identity.api.views import GuardianshipView
from identity.domain.guardianship import Guardianship
from identity.handlers import guardianship
from web.auth import Principal, Role, allow
from web.routes import Commit, IfMatch

router = APIRouter(prefix="/guardianships", tags=["guardianships"])

SigningClerk = Annotated[Principal, allow(Role.CLERK, signed=True)]


@router.post(
    "",
    status_code=201,
    summary="Register a guardianship",
    response_model=GuardianshipView,
    responses={200: {"model": GuardianshipView, "description": "Registered already: the same guardianship"}},
)
async def establish(body: NewGuardianship, by: SigningClerk, deps: DepsOf, commit: Commit) -> Response:
    """Let a registered resident act for a registered child under 18, on the proof that was shown."""
    return await commit(
        lambda: guardianship.establish(body.guardian_id, body.child_id, body.relation, body.shown, by, deps),
        GuardianshipView.of,
        _created,
    )


@router.post("/{id}/end", summary="End a guardianship", response_model=GuardianshipView)
async def end(
    id: GuardianshipId, body: Because, by: SigningClerk, deps: DepsOf, commit: Commit, if_match: IfMatch
) -> Response:
    """Stop the guardian from acting for the child."""
    return await commit(lambda: guardianship.end(id, body.reason, by, deps, if_match=if_match), GuardianshipView.of)


def _created(guardianship: Guardianship) -> int:
    return 201 if guardianship.version == 0 else 200
