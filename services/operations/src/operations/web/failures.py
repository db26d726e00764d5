"""One failure: what is known of it, its message masked or, with a reason, in clear, and what can be done with it."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bus.event import ConflictError
from operations.domain.failure import Failure, Summary
from operations.domain.faults import place_in, remedy_for
from operations.handlers import discards
from operations.handlers import failures as handlers
from operations.handlers.dependencies import Deps
from operations.handlers.failures import Disclosed
from operations.web.asked import AskedOf, DepsOf, PageRequest
from operations.web.bodies import Hints, marked, pretty
from operations.web.edge import OperatorPageRoute
from operations.web.forms import NOT_REFUSED, RefusedForm, Sent
from operations.web.session import Operator
from operations.web.templates import show, speaker
from runtime.errors import Refusal

router = APIRouter(route_class=OperatorPageRoute)


@router.get("/failures/{id}")
async def one(id: str, request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show a failure, masked."""
    del operator
    return await page(request, id, asked, deps, NOT_REFUSED)


@router.post("/failures/{id}/disclosures")
async def disclose(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show the message in clear, once: the page is not kept anywhere, and asking again is recorded again."""
    try:
        found = await form.look(lambda: handlers.disclose(id, form.text("reason"), operator.subject, deps))
    except (Refusal, ConflictError) as error:
        return await form.refuse(error, partial(page, request, id, asked, deps))
    return await page(request, id, asked, deps, NOT_REFUSED, found)


@router.post("/failures/{id}/discard")
async def discard(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Put it away."""
    return await form.carry_out(
        lambda: discards.discard(id, form.text("reason"), operator.subject, deps, form.version()),
        then=f"/operations/failures/{id}?done=discarded",
        page=partial(page, request, id, asked, deps),
    )


@router.post("/failures/{id}/restore")
async def restore(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Take it back."""
    return await form.carry_out(
        lambda: discards.restore(id, form.text("reason"), operator.subject, deps, form.version()),
        then=f"/operations/failures/{id}?done=restored",
        page=partial(page, request, id, asked, deps),
    )


async def page(
    request: Request, id: str, asked: PageRequest, deps: Deps, refused: RefusedForm, disclosed: Disclosed | None = None
) -> Response:
    """Show a failure, with a refusal or its message in clear. Raises NotFound."""
    failure = await handlers.find(id, deps)
    shown = handlers.show(failure, deps)
    related = await handlers.related(failure, deps)
    return show(
        request,
        "failure.html",
        here="groups",
        failure=failure,
        replay=failure.replay or "",
        headers=sorted(shown.headers.items()),
        message=disclosed.message if disclosed else shown.message,
        rule=shown.rule,
        stack=disclosed.stack if disclosed else shown.stack,
        hidden=shown.body.hidden if shown.body else 0,
        body=_body(request, failure, shown, disclosed),
        faults=faults_of(request, shown),
        broken_at=shown.broken_at,
        remedy=remedy_for(failure.reason),
        related=related[: handlers.MOST_RELATED],
        more_related=len(related) > handlers.MOST_RELATED,
        successor=await _successor(failure, deps),
        disclosed=disclosed is not None,
        days=deps.settings.discard_days,
        **asked.said,
        **refused.shown,
    )


def faults_of(request: Request, shown: handlers.ShownFailure) -> list[tuple[str, str, str]]:
    """Return of each fault the place of its line, its own place, and what was expected there."""
    t = speaker(request)
    content = shown.body.content if shown.body else None
    return [
        (
            place_in(content, each.pointer),
            each.pointer,
            t(f"expected.{each.expectation}", **each.text.params),
        )
        for each in shown.faults
    ]


async def _successor(failure: Failure, deps: Deps) -> Summary | None:
    """Return the failure of the event that replaced its event."""
    replaced_by = failure.replaced_by or ""
    return (await deps.failures.summaries([replaced_by])).get(replaced_by) if replaced_by else None


def _body(request: Request, failure: Failure, shown: handlers.ShownFailure, disclosed: Disclosed | None) -> str | None:
    """Write the message as it may be seen; None when there is nothing to be read."""
    t = speaker(request)
    faults: dict[str, str] = {}
    for place, _, hint in faults_of(request, shown):
        faults[place] = f"{faults[place]}; {hint}" if place in faults else hint
    hints = Hints(t("failure.masked-hint"), t("failure.shown-hint"), faults)
    if failure.body is None or shown.body is None:
        return None
    if disclosed is not None:
        masked = shown.body.content
        if disclosed.text is None:
            return pretty(disclosed.content, hints, masked)
        at = shown.broken_at
        return (
            marked(disclosed.text, at.line, t("cause.broken-at", line=at.line, column=at.column))
            if at
            else disclosed.text
        )
    return pretty(shown.body.content, hints) if shown.body.is_json else None
