"""The trail: the newest events, and one case as a table and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.event import ConflictError
from operations.api.trail_views import TrailView
from operations.domain.sequence_diagram import draw
from operations.domain.trail import CaseTrail, Recorded, folded
from operations.domain.trail_text import tell
from operations.handlers import trails as handlers
from operations.handlers.dependencies import Deps
from operations.handlers.trails import Sought
from operations.web.asked import PAGE, AskedOf, DepsOf, PageRequest, pager
from operations.web.bodies import Hints, pretty
from operations.web.edge import OperatorPageRoute, explain
from operations.web.forms import NOT_REFUSED, SEE_OTHER, RefusedForm, Sent
from operations.web.session import Operator
from operations.web.templates import path_of, show, speaker
from runtime.errors import Refusal
from web import pages

router = APIRouter(route_class=OperatorPageRoute)

_OPENED = "?accesses=all"
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""A picture brings its own style and nothing else."""


@router.get("/trails")
async def newest(request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show the newest events; or go to the case that was asked for."""
    del operator
    if case := asked.text("case"):
        return RedirectResponse(f"/operations/trails/{path_of(case)}", SEE_OTHER)
    try:
        sought = Sought(asked.moment("since"), asked.moment("until"), asked.or_none("type"), asked.or_none("publisher"))
        found = await handlers.newest(sought, _before(asked), PAGE, deps)
    except Refusal as error:
        return _list(request, asked, deps, RefusedForm(await explain(request, error)))
    return _list(request, asked, deps, NOT_REFUSED, found)


@router.get("/pictures/{case:path}")
async def picture(case: str, request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Draw a case."""
    del operator
    words = handlers.wording(speaker(request).language, deps)
    drawn = draw(_shown(await handlers.read(case, deps), asked), words)
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": PICTURE_POLICY})


@router.get("/texts/{case:path}")
async def text(case: str, request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Tell a case as text, for a terminal or a mail."""
    del operator
    words = handlers.wording(speaker(request).language, deps)
    return Response(tell(_shown(await handlers.read(case, deps), asked), words), media_type="text/plain; charset=utf-8")


@router.get("/data/{case:path}")
async def data(case: str, request: Request, deps: DepsOf, operator: Operator) -> Response:
    """Tell a case as JSON, for a program."""
    del operator
    words = handlers.wording(speaker(request).language, deps)
    told = TrailView.of(await handlers.read(case, deps), words).model_dump_json(indent=2)
    return Response(told, media_type="application/json")


@router.get("/trails/{case:path}")
async def one(case: str, request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show a case, masked."""
    del operator
    return await _page(request, case, asked, deps, NOT_REFUSED)


@router.post("/trails/{case:path}")
async def disclose(
    case: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator
) -> Response:
    """Show a case in clear, once; it is recorded."""
    try:
        found = await form.look(lambda: handlers.disclose(case, form.text("reason"), operator.subject, deps))
    except (Refusal, ConflictError) as error:
        return await form.refuse(error, partial(_page, request, case, asked, deps))
    return await _page(request, case, asked, deps, NOT_REFUSED, found)


async def _page(
    request: Request,
    case: str,
    asked: PageRequest,
    deps: Deps,
    refused: RefusedForm,
    disclosed: CaseTrail | None = None,
) -> Response:
    masked = await handlers.read(case, deps, asked.moment("since"))
    t = speaker(request)
    hints = Hints(t("failure.masked-hint"), t("failure.shown-hint"))
    hidden = {placed.step.id: placed.step.data for placed in masked.steps}
    return show(
        request,
        "trail.html",
        here="trails",
        trail=_shown(disclosed or masked, asked),
        opened=_OPENED if asked.text("accesses") else "",
        words=handlers.wording(t.language, deps),
        body=lambda step: pretty(step.data, hints, hidden.get(step.id) if disclosed else None),
        disclosed=disclosed is not None,
        case=case,
        case_path=path_of(case),
        **refused.shown,
    )


def _shown(trail: CaseTrail, asked: PageRequest) -> CaseTrail:
    """Fold the records of used data, unless they are asked for."""
    return trail if asked.text("accesses") else folded(trail)


def _list(
    request: Request, asked: PageRequest, deps: Deps, refused: RefusedForm, found: Sequence[Recorded] = ()
) -> Response:
    return show(
        request,
        "trails.html",
        here="trails",
        events=found[:PAGE],
        typed={name: asked.text(name) for name in ("type", "publisher", "since", "until")},
        types=sorted(deps.contracts.schemas),
        publishers=[*deps.topology.services, *deps.topology.departments],
        acting_on=lambda entry: handlers.acting_on(entry.routing_key, deps.topology),
        words=handlers.wording(speaker(request).language, deps),
        path_of=path_of,
        **pager(found, "/operations/trails", asked, lambda entry: [entry.place]),
        **refused.shown,
    )


def _before(asked: PageRequest) -> int | None:
    if not asked.text("after"):
        return None
    match pages.decode(asked.text("after")):
        case [int() as place]:
            return place
    raise Refusal("bad-cursor", field="after")
