"""One failure: what is known of it, its message masked or, with a reason, in clear, and what can be done with it."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from messaging.event import ConflictError
from operations.domain.failure import Failure
from operations.handlers import discarding
from operations.handlers import failures as handlers
from operations.handlers.failures import Disclosed
from operations.handlers.needs import Deps
from operations.web.asked import Asked, AskedOf, DepsOf
from operations.web.bodies import Hints, pretty
from operations.web.edge import PageRoute
from operations.web.forms import NOT_REFUSED, Refused, Sent
from operations.web.rendering import show, speaker
from operations.web.session import Operator
from runtime.refusal import Refusal

router = APIRouter(route_class=PageRoute)


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
        lambda: discarding.discard(id, form.text("reason"), operator.subject, deps, form.version()),
        then=f"/operations/failures/{id}?done=discarded",
        page=partial(page, request, id, asked, deps),
    )


@router.post("/failures/{id}/restore")
async def restore(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Take it back."""
    return await form.carry_out(
        lambda: discarding.restore(id, form.text("reason"), operator.subject, deps, form.version()),
        then=f"/operations/failures/{id}?done=restored",
        page=partial(page, request, id, asked, deps),
    )


async def page(
    request: Request, id: str, asked: Asked, deps: Deps, refused: Refused, disclosed: Disclosed | None = None
) -> Response:
    """Show a failure, with a refusal or its message in clear. Raises Unknown."""
    failure = await handlers.find(id, deps)
    shown = handlers.show(failure, deps)
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
        disclosed=disclosed is not None,
        days=deps.settings.discard_days,
        **asked.said,
        **refused.shown,
    )


def _body(request: Request, failure: Failure, shown: handlers.Shown, disclosed: Disclosed | None) -> str | None:
    """Write the message as it may be seen; None when there is nothing to be read."""
    t = speaker(request)
    hints = Hints(t("failure.masked-hint"), t("failure.shown-hint"))
    if failure.body is None or shown.body is None:
        return None
    if disclosed is not None:
        masked = shown.body.content
        return pretty(disclosed.content, hints, masked) if disclosed.text is None else disclosed.text
    return pretty(shown.body.content, hints) if shown.body.is_json else None
