"""Visits at the door: slots that officer and applicant agree on, and the officer's doors by building."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from review_dispatch.api import task_presenter, visit_presenter
from review_dispatch.api.asked import RefusalAsked, SlotAsked, SlotsAsked
from review_dispatch.api.parts import DepsOf, ResidentsView, WorkersView, asked_of, resident_asked_of, shown_to
from review_dispatch.api.reader import TaskReader
from review_dispatch.api.views import TaskView
from review_dispatch.api.visit_views import DoorsView, ResidentVisitView, VisitsView
from review_dispatch.domain.doors import by_building
from review_dispatch.handlers import queues, visit_agreement
from review_dispatch.handlers.task_actions import TaskRequest
from web import routes

router = APIRouter(tags=["visits"])


@router.get("/tasks/doors", summary="The doors that the caller has in hand, by building")
async def list_doors(deps: DepsOf, reader: WorkersView, request: Request) -> DoorsView:
    """List one's claimed door checks in the order of a walk, with address and agreed slot; each is a recorded look."""
    doors = await queues.show_doors(reader.by, deps)
    alone = routes.Committing(request, None)
    looks = (partial(queues.see_door, door, reader.by, deps) for door in doors)
    await asyncio.gather(*(alone(look, lambda _: None, only_looks=True) for look in looks))
    buildings = [visit_presenter.building(each, reader) for each in by_building(doors)]
    return DoorsView(
        buildings=buildings, standard_reasons=task_presenter.reasons(deps.district.reasons.field_checks, reader)
    )


@router.post("/tasks/{task_id}/slots", summary="Offer the applicant times for the visit", response_model=TaskView)
async def offer(
    asked: Annotated[TaskRequest, Depends(asked_of)],
    body: SlotsAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Offer slots of which the applicant may choose one. What was agreed before counts no longer."""
    slots = [each.slot() for each in body.slots]
    return await commit(lambda: visit_agreement.offer(asked, slots, deps), shown_to(reader))


@router.post("/tasks/{task_id}/visit-acceptance", summary="Agree to the proposed time", response_model=TaskView)
async def accept(
    asked: Annotated[TaskRequest, Depends(asked_of)], deps: DepsOf, reader: WorkersView, commit: routes.Commit
) -> Response:
    """Agree to the slot that the applicant proposed. 409 when there is no proposal."""
    return await commit(lambda: visit_agreement.accept(asked, deps), shown_to(reader))


@router.post("/tasks/{task_id}/visit-refusal", summary="Call the visit off", response_model=TaskView)
async def call_off(
    asked: Annotated[TaskRequest, Depends(asked_of)],
    body: RefusalAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Call off what was offered, proposed or agreed; the applicant reads why."""
    return await commit(lambda: visit_agreement.call_off(asked, body.reason, deps), shown_to(reader))


@router.get("/visits", summary="The visits that wait for one's applications")
async def list_visits(deps: DepsOf, reader: ResidentsView) -> VisitsView:
    """List the door checks of one's own applications that are still to be made, and what is agreed of each."""
    tasks = await visit_agreement.of_resident(reader.by, deps)
    return VisitsView(visits=[visit_presenter.resident_visit(each, reader) for each in tasks])


@router.post("/visits/{task_id}/choice", summary="Choose an offered time", response_model=ResidentVisitView)
async def choose(
    asked: Annotated[TaskRequest, Depends(resident_asked_of)],
    body: SlotAsked,
    deps: DepsOf,
    reader: ResidentsView,
    commit: routes.Commit,
) -> Response:
    """Choose one of the slots that the officer offers. 409 when it is not offered any more."""
    return await commit(lambda: visit_agreement.choose(asked, body.slot(), deps), _shown_to_resident(reader))


@router.post("/visits/{task_id}/proposal", summary="Propose another time", response_model=ResidentVisitView)
async def propose(
    asked: Annotated[TaskRequest, Depends(resident_asked_of)],
    body: SlotAsked,
    deps: DepsOf,
    reader: ResidentsView,
    commit: routes.Commit,
) -> Response:
    """Propose a slot of one's own, which the officer accepts or answers with others."""
    return await commit(lambda: visit_agreement.propose(asked, body.slot(), deps), _shown_to_resident(reader))


@router.post("/visits/{task_id}/refusal", summary="Call the visit off", response_model=ResidentVisitView)
async def decline(
    asked: Annotated[TaskRequest, Depends(resident_asked_of)],
    body: RefusalAsked,
    deps: DepsOf,
    reader: ResidentsView,
    commit: routes.Commit,
) -> Response:
    """Call off what was offered, proposed or agreed; the officer reads why."""
    return await commit(lambda: visit_agreement.decline(asked, body.reason, deps), _shown_to_resident(reader))


def _shown_to_resident(reader: TaskReader) -> visit_presenter.View:
    return lambda task: visit_presenter.committed(task, reader)
