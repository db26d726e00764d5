"""The operators' pages: rendered here, over the same handlers as the HTTP API, and usable without any script."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from operations.web import (
    assets,
    audit,
    bulk_pages,
    edit_pages,
    failures,
    groups,
    replay_pages,
    search,
    session_pages,
    trails,
)
from operations.web.edge import OperatorPageRoute

pages = APIRouter(route_class=OperatorPageRoute)


@pages.get("/operations")
async def beginning() -> Response:
    """Lead to the first page."""
    return RedirectResponse("/operations/", 308)


@pages.get("/operations/static/{version}/{name}")
async def file(version: str, name: str) -> Response:
    """Send one of the pages' files."""
    return assets.answer(version, name)


for _part in (session_pages, groups, search, bulk_pages, failures, edit_pages, replay_pages, trails, audit):
    pages.include_router(_part.router, prefix="/operations")


@pages.api_route("/operations/{rest:path}", methods=["GET", "POST"])
async def nowhere(rest: str) -> Response:
    """Say by a page that there is none at this address."""
    raise HTTPException(404, rest)
