"""The routes: parse, call a handler, shape the answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from matcher.api.asked import DryRunAsked
from matcher.api.views import DryRunView, LookView, StatisticsView
from matcher.handlers.dry_run import dry_run
from matcher.handlers.needs import Deps
from runtime import web
from runtime.access import Principal, Role, allow
from runtime.pages import Cursor, Limit, Page, page

router = APIRouter()

DepsOf = Annotated[Deps, Depends(web.deps)]
Official = Annotated[Principal, allow(Role.OFFICIAL)]
Resident = Annotated[Principal, allow(Role.RESIDENT)]


@router.post(
    "/dry-runs",
    tags=["dry-runs"],
    summary="Try what would match for a person and an item",
    response_model=DryRunView,
)
async def try_matching(
    asked: DryRunAsked, by: Official, deps: DepsOf, commit: web.Commit, language: web.Language
) -> Response:
    """Answer each requirement field by field, without values. The person can read who tried it and what for."""
    return await commit(
        lambda: dry_run(asked.asked(), by.subject, deps), lambda run: DryRunView.of(run, language), status=200
    )


@router.get("/evidence/statistics", tags=["evidence"], summary="Count the evidence by source, type and status")
async def statistics(_by: Official, deps: DepsOf) -> StatisticsView:
    """Count all records. The count is given again for a while; `counted_at` says how old it is."""
    return StatisticsView.of(await deps.evidence.statistics())


@router.get("/evidence/looks", tags=["evidence"], summary="Who tried what would match for me")
async def looks(by: Resident, deps: DepsOf, cursor: Cursor = None, limit: Limit = 20) -> Page[LookView]:
    """List the looks at the caller's own evidence, the latest first."""
    before = None if cursor is None else str(cursor[0])
    found = await deps.looks.of_resident(by.subject, before=before, limit=limit + 1)
    return page(found, limit, key=lambda look: [look.id], view=LookView.of)
