"""Searching among all failures."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from operations.domain.failure import STATES, Summary
from operations.handlers import failures as handlers
from operations.handlers.dependencies import Deps
from operations.web.asked import PAGE, AskedOf, DepsOf, PageRequest, pager, place_after
from operations.web.edge import OperatorPageRoute, explain
from operations.web.forms import NOT_REFUSED, RefusedForm
from operations.web.session import Operator
from operations.web.templates import show, speaker
from runtime.errors import Refusal

router = APIRouter(route_class=OperatorPageRoute)

FIELDS = ("text", "service", "type", "reason", "case", "event", "field", "since", "until")


@router.get("/search")
async def search(request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show what was found; without a question, what failed last."""
    del operator
    try:
        return await page(request, asked, deps, NOT_REFUSED)
    except Refusal as error:  # what was typed can't be searched for: say so above the form
        return _form(request, asked, deps, RefusedForm(await explain(request, error)), [])


async def page(request: Request, asked: PageRequest, deps: Deps, refused: RefusedForm) -> Response:
    """Show what was found, with a refusal on it if there was one."""
    found = await handlers.search(asked.criteria(), asked.place(), PAGE, deps)
    return _form(request, asked, deps, refused, found)


def _form(request: Request, asked: PageRequest, deps: Deps, refused: RefusedForm, found: Sequence[Summary]) -> Response:
    states = asked.states()
    return show(
        request,
        "search.html",
        here="search",
        typed={name: asked.text(name) for name in FIELDS},
        wanted=states,
        failures=found[:PAGE],
        services=deps.topology.services,
        types=sorted(deps.contracts.schemas),
        states=STATES,
        reasons=sorted(speaker(request).codes("reasons")),
        same_cause=False,
        choosable=True,
        question=asked.without("after", "done", "count").removeprefix("?"),
        **asked.said,
        **pager(found, "/operations/search", asked, place_after),
        **refused.shown,
    )
