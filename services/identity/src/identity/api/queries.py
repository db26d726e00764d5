"""What is known about a resident: /v1/lookups and the reading half of /v1/residents.

The person concerned, and the guardian of a child, read freely; a clerk states a purpose, which the
person concerned can read (data-rights).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from identity.api.parts import DepsOf, Purpose, ResidentId, after, position
from identity.api.requests import LookUp
from identity.api.terminals import LookingUp
from identity.api.views import FoundView, HistoryStepView, ResidentView, WardView
from identity.domain.record import HistoryStep
from identity.domain.resident import Resident
from identity.handlers import queries
from identity.handlers.queries import LookupQuestion, Ward
from web.auth import Principal, Role, allow
from web.pages import Cursor, Limit, Page, page
from web.routes import Commit, Language

router = APIRouter(tags=["looking"])

Reader = Annotated[Principal, allow(Role.CLERK, Role.RESIDENT)]


class LookupRequest:
    """What every reading route takes: whose data, who reads, what for."""

    def __init__(self, id: ResidentId, by: Reader, purpose: Purpose = None) -> None:
        self.question = LookupQuestion(id, by, purpose)


@router.post("/lookups", summary="Find a resident by identity number", response_model=ResidentView | FoundView)
async def look_up(body: LookUp, by: LookingUp, deps: DepsOf, commit: Commit) -> Response:
    """Find who has a number. A terminal only learns that there is somebody, with the name masked."""

    def show(resident: Resident) -> ResidentView | FoundView:
        return FoundView.of(resident) if by.role == Role.TERMINAL else ResidentView.of(resident)

    return await commit(lambda: queries.look_up(body.number, body.purpose, by, deps), show, only_looks=True)


@router.get("/residents/{id}", summary="See a resident", response_model=ResidentView)
async def see(asked: Annotated[LookupRequest, Depends()], deps: DepsOf, commit: Commit) -> Response:
    """Show what is registered; the number is masked."""

    def show(resident: Resident) -> ResidentView:
        return ResidentView.of(resident)

    return await commit(lambda: queries.see(asked.question, deps), show, only_looks=True)


@router.get("/residents/{id}/wards", summary="List a resident's wards", response_model=Page[WardView])
async def see_wards(
    asked: Annotated[LookupRequest, Depends()], deps: DepsOf, commit: Commit, cursor: Cursor, limit: Limit = 20
) -> Response:
    """List the children for whom the resident may act today."""

    def show(wards: Sequence[Ward]) -> Page[WardView]:
        return page(wards, limit, key=lambda ward: [ward.guardianship.id], view=WardView.of)

    return await commit(lambda: queries.see_wards(asked.question, deps, after=after(cursor), limit=limit + 1), show)


@router.get("/residents/{id}/history", summary="Read a resident's history", response_model=Page[HistoryStepView])
async def see_history(
    asked: Annotated[LookupRequest, Depends()],
    deps: DepsOf,
    commit: Commit,
    language: Language,
    cursor: Cursor,
    limit: Limit = 20,
) -> Response:
    """List every step, oldest first: registration, cards, suspensions, guardianships."""

    def show(steps: Sequence[HistoryStep]) -> Page[HistoryStepView]:
        begin = position(cursor)
        numbered = list(enumerate(steps, start=1))[begin : begin + limit + 1]
        return page(numbered, limit, key=lambda it: [it[0]], view=lambda it: HistoryStepView.of(it[1], language))

    return await commit(lambda: queries.see_history(asked.question, deps), show)
