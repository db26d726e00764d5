"""What is done with many failures at once: those that were ticked, or all open ones of a group or a search."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from bus.event import Outcome
from operations.domain.search import ChosenFailures
from operations.handlers import discards, replays
from operations.handlers.dependencies import Deps
from operations.handlers.discards import SettledFailures
from operations.web import groups, search
from operations.web.asked import DepsOf, PageRequest
from operations.web.edge import OperatorPageRoute
from operations.web.forms import FormPage, Sent, WebForm
from operations.web.session import Operator
from operations.web.templates import query
from runtime.errors import Refusal

router = APIRouter(route_class=OperatorPageRoute)

_LONGEST_RATE = 6


@router.post("/selection")
async def act(request: Request, form: Sent, deps: DepsOf, operator: Operator) -> Response:
    """Replay or put away what was selected."""
    page = _page(request, form, deps)
    if form.text("act") == "discard":
        return await _discard(form, deps, operator.subject, page)
    return await form.carry_out(
        lambda: _prepare(form, deps, operator.subject),
        then=lambda shown: f"/operations/replays/{shown.replay.id}",
        page=page,
    )


async def _prepare(form: WebForm, deps: Deps, by: str) -> Outcome[replays.ShownReplay]:
    chosen, rate = _chosen(form), rate_of(form)
    return await replays.prepare(chosen, reason=form.text("reason"), by=by, deps=deps, rate=rate)


async def _discard(form: WebForm, deps: Deps, by: str, page: FormPage) -> Response:
    def then(settled: SettledFailures) -> str:
        said = query(done="discarded-more" if settled.more else "discarded-many", count=settled.count)
        return f"{_back(form)}{'&' if '?' in _back(form) else '?'}{said[1:]}"

    return await form.carry_out(
        lambda: discards.discard_all(_chosen(form), form.text("reason"), by, deps), then=then, page=page
    )


def rate_of(form: WebForm) -> int | None:
    """Return the messages a second that were asked for. Raises Refusal for what is no whole number."""
    text = form.text("rate").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_RATE):
        raise Refusal("rate-no-number", field="rate")
    return int(text) if text else None


def _chosen(form: WebForm) -> ChosenFailures:
    """Return what was selected. Raises Refusal when nothing was ticked."""
    if form.text("which") != "all":
        return ChosenFailures(failures=form.texts("failure"))
    if group := form.text("group"):
        return ChosenFailures(group=group)
    return ChosenFailures(search=_asked(form).criteria())


def _asked(form: WebForm) -> PageRequest:
    return PageRequest(QueryParams(form.text("question")))


def _back(form: WebForm) -> str:
    group = form.text("group")
    return f"/operations/groups/{group}" if group else f"/operations/search{_asked(form).without('done', 'count')}"


def _page(request: Request, form: WebForm, deps: Deps) -> FormPage:
    if group := form.text("group"):
        return partial(groups.page, request, group, _asked(form), deps)
    return partial(search.page, request, _asked(form), deps)
