"""The groups of failures, and one of them."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from operations.domain.failure import STATES, State
from operations.domain.faults import remedy_for
from operations.domain.search import Criteria
from operations.handlers import failures as failure_handlers
from operations.handlers import groups as handlers
from operations.handlers.dependencies import Deps
from operations.web.asked import PAGE, AskedOf, DepsOf, PageRequest, pager, place_after
from operations.web.edge import OperatorPageRoute
from operations.web.forms import NOT_REFUSED, RefusedForm, Sent
from operations.web.session import Operator
from operations.web.templates import show

router = APIRouter(route_class=OperatorPageRoute)


@router.get("/")
async def overview(request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show the groups, those with open failures unless others are asked for."""
    del operator
    state = asked.text("state") or "open"
    found = await handlers.find_all(
        deps,
        service=asked.or_none("service"),
        event_type=asked.or_none("type"),
        state=_known(state),
        after=asked.place(),
        limit=PAGE,
    )
    return show(
        request,
        "groups.html",
        here="groups",
        groups=found[:PAGE],
        asked={"service": asked.text("service"), "type": asked.text("type"), "state": state},
        services=deps.topology.services,
        types=sorted(deps.contracts.schemas),
        states=STATES,
        now=deps.clock(),
        **pager(found, "/operations/", asked, place_after),
    )


@router.get("/groups/{id}")
async def one(id: str, request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show a group with its failures."""
    del operator
    return await page(request, id, asked, deps, NOT_REFUSED)


@router.post("/groups/{id}/notes")
async def note(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Add a note."""
    return await form.carry_out(
        lambda: handlers.note(id, form.text("note"), operator.subject, deps, form.version()),
        then=f"/operations/groups/{id}?done=noted",
        page=partial(page, request, id, asked, deps),
    )


async def page(request: Request, id: str, asked: PageRequest, deps: Deps, refused: RefusedForm) -> Response:
    """Show a group, with a refusal on it if there was one. Raises NotFound."""
    group = await handlers.find(id, deps)
    state = asked.text("state") or ("open" if group.count("open") else "any")
    known = _known(state)
    criteria = Criteria(group=id, states=(known,) if known else ())
    found = await failure_handlers.search(criteria, asked.place(), PAGE, deps)
    return show(
        request,
        "group.html",
        here="groups",
        group=group,
        failures=found[:PAGE],
        state=state,
        states=STATES,
        same_cause=True,
        remedy=remedy_for(group.cause.reason),
        choosable=state == "open",
        now=deps.clock(),
        **asked.said,
        **pager(found, f"/operations/groups/{id}", asked, place_after),
        **refused.shown,
    )


def _known(state: str) -> State | None:
    return next((known for known in STATES if known == state), None)
