"""The routes: parse, call a handler, shape the answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from matcher.api.asked import DryRunAsked
from matcher.api.preview_views import PreviewView
from matcher.api.views import DryRunView, MatchStatisticsView
from matcher.handlers.dependencies import Deps
from matcher.handlers.dry_run import dry_run
from matcher.handlers.preview import preview
from web import quotas, routes
from web.auth import Principal, Role, allow
from web.presences import CallerOf

router = APIRouter()
router.include_router(quotas.router, prefix="/evidence")

DepsOf = Annotated[Deps, Depends(routes.deps)]
Official = Annotated[Principal, allow(Role.OFFICIAL)]


Trying = Annotated[Principal, allow(Role.OFFICIAL, rate="look-up")]


@router.post(
    "/dry-runs",
    tags=["dry-runs"],
    summary="Try what would match for a person and an item",
    response_model=DryRunView,
)
async def try_matching(
    asked: DryRunAsked, by: Trying, deps: DepsOf, commit: routes.Commit, language: routes.Language
) -> Response:
    """Answer each requirement field by field, without values. The person can read who tried it and what for."""
    return await commit(lambda: dry_run(asked.asked(), by, deps), lambda run: DryRunView.of(run, language), status=200)


@router.get(
    "/evidence",
    tags=["evidence"],
    summary="See what government holds of me, or of my child, for an item",
    response_model=PreviewView,
)
async def evidence(
    item: Annotated[str, Query(min_length=1, max_length=80, description="Code of the item", examples=["senior-card"])],
    by: CallerOf,
    deps: DepsOf,
    commit: routes.Commit,
    language: routes.Language,
    subject_id: Annotated[str | None, Query(max_length=80, description="The child whom the item is for")] = None,
) -> Response:
    """Show each value, its keeper and its age, to the person or who read their card; they read who looked."""
    return await commit(
        lambda: preview(item, subject_id, by, deps), lambda shown: PreviewView.of(shown, language), only_looks=True
    )


@router.get("/evidence/statistics", tags=["evidence"], summary="Count the evidence by source, type and status")
async def statistics(_by: Official, deps: DepsOf, language: routes.Language) -> MatchStatisticsView:
    """Count all records. The count is given again for a while; `counted_at` says how old it is."""
    return MatchStatisticsView.of(await deps.evidence.statistics(), language)
