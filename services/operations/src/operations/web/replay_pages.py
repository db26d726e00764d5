"""Replays: all of them, one with its progress as it happens, and what may be done about it; re-delivery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import get_args

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bus.event import Outcome
from operations.domain.replay import WAVES, Between, Replay, ReplayCounts, State
from operations.domain.search import ChosenFailures
from operations.handlers import replays as handlers
from operations.handlers.dependencies import Deps
from operations.handlers.explanations import explain
from operations.handlers.replays import ShownReplay
from operations.web import failures
from operations.web.asked import PAGE, AskedOf, DepsOf, PageRequest, moment_of, pager
from operations.web.bulk_pages import rate_of
from operations.web.charts import bar
from operations.web.edge import OperatorPageRoute
from operations.web.forms import NOT_REFUSED, RefusedForm, Sent, WebForm
from operations.web.session import Operator
from operations.web.templates import show
from runtime.errors import Refusal

router = APIRouter(route_class=OperatorPageRoute)

Step = Callable[..., Awaitable[Outcome[ShownReplay]]]
_STEPS: Mapping[str, Step] = {"pause": handlers.pause, "resume": handlers.resume, "cancel": handlers.cancel}
_LIVE = ("running",)
_FAILED_SHOWN = 10


@router.get("/replays")
async def listed(request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show the replays, the latest first."""
    del operator
    state = asked.text("state")
    known = state if state in get_args(State) else None
    found = await handlers.list_all(deps, state=known, before=asked.place(), limit=PAGE)
    return show(
        request,
        "replays.html",
        here="replays",
        replays=found[:PAGE],
        bar=bar,
        state=state,
        states=get_args(State),
        **pager(found, "/operations/replays", asked, lambda each: [_at(each.replay.created_at), each.replay.id]),
    )


@router.get("/replays/{id}")
async def one(id: str, request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show a replay; while it is running, the page renews its progress by itself."""
    del operator
    return await page(request, id, asked, deps, NOT_REFUSED)


@router.get("/replays/{id}/progress")
async def progress(id: str, request: Request, deps: DepsOf, operator: Operator) -> Response:
    """Show the part of the page that changes while it runs."""
    del operator
    shown = await handlers.show(id, deps)
    return show(request, "replay-progress.html", **await _progress(shown, deps))


@router.post("/replays/{id}/start")
async def start(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Begin to send."""
    return await form.carry_out(
        lambda: handlers.start(id, by=operator.subject, version=form.version(), deps=deps),
        then=f"/operations/replays/{id}",
        page=partial(page, request, id, asked, deps),
    )


@router.post("/replays/{id}/{step}")
async def take_step(
    id: str, step: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator
) -> Response:
    """Pause, resume or cancel."""
    take = _STEPS.get(step)
    if take is None:
        raise HTTPException(404)
    return await form.carry_out(
        lambda: take(id, reason=form.text("reason"), by=operator.subject, version=form.version(), deps=deps),
        then=f"/operations/replays/{id}",
        page=partial(page, request, id, asked, deps),
    )


@router.post("/failures/{id}/replay")
async def replay_one(
    id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator
) -> Response:
    """Prepare the replay of one failure."""
    return await form.carry_out(
        lambda: handlers.prepare(
            ChosenFailures(failures=(id,)), reason=form.text("reason"), by=operator.subject, deps=deps, rate=None
        ),
        then=lambda shown: f"/operations/replays/{shown.replay.id}",
        page=partial(failures.page, request, id, asked, deps),
    )


@router.get("/redelivery")
async def ask_redelivery(request: Request, deps: DepsOf, operator: Operator) -> Response:
    """Show the form by which a service is to hear events again."""
    del operator
    return await _redelivery(request, deps, NOT_REFUSED)


@router.post("/redelivery")
async def redeliver(request: Request, form: Sent, deps: DepsOf, operator: Operator) -> Response:
    """Prepare the re-delivery of a part of the trail to one service."""
    return await form.carry_out(
        lambda: _prepare_redelivery(form, deps, operator.subject),
        then=lambda shown: f"/operations/replays/{shown.replay.id}",
        page=partial(_redelivery, request, deps),
    )


async def page(request: Request, id: str, asked: PageRequest, deps: Deps, refused: RefusedForm) -> Response:
    """Show a replay, with a refusal on it if there was one. Raises NotFound."""
    shown = await handlers.show(id, deps)
    failed = await handlers.items(id, deps, state="failed", limit=_FAILED_SHOWN)
    unsent = (
        await handlers.items(id, deps, state="skipped", limit=_FAILED_SHOWN) if shown.replay.kind == "trail" else ()
    )
    return show(
        request,
        "replay.html",
        here="replays",
        failed=await explain(id, [*failed[:_FAILED_SHOWN], *unsent[:_FAILED_SHOWN]], deps),
        more_failed=max(len(failed), len(unsent)) > _FAILED_SHOWN,
        **await _progress(shown, deps),
        **asked.said,
        **refused.shown,
    )


async def _progress(shown: ShownReplay, deps: Deps) -> dict[str, object]:
    replay, progress = shown.replay, shown.progress
    under_way = progress.counts.sent > 0 and not replay.is_over
    return {
        "replay": replay,
        "progress": progress,
        "bar": bar,
        "waves": _waves(replay, progress.wave if progress.run == replay.runs else 0, progress.counts),
        "live": replay.state in _LIVE or under_way,
        "ran": replay.ran_until(deps.clock()).total_seconds(),
    }


def _waves(replay: Replay, over: int, counts: ReplayCounts) -> list[tuple[int | None, str]]:
    """Return the waves with how each stands; None is the rest.

    `past` when all got through, `over` when something did not, `now`, `halted`, or empty for one to come.
    """
    past = "past" if replay.display_state(counts) in {"done", "running"} and not counts.failed else "over"
    told: list[tuple[int | None, str]] = []
    begun, reached = 0, False
    for number, wave in enumerate((*WAVES, None)):
        size = None if wave is None or begun + wave >= replay.total else wave
        state = _stands(replay, number, over, past)
        told.append((wave if wave is not None and begun + wave <= replay.total else None, state))
        begun += wave or 0
        reached = reached or size is None
        if reached:
            break
    return told


def _stands(replay: Replay, number: int, over: int, past: str) -> str:
    if replay.state == "prepared":
        return ""
    if replay.state == "done" or number < over:
        return past
    if number > over:
        return ""
    return {"running": "now", "stopped": "halted", "paused": "halted", "cancelled": "halted"}[replay.state]


async def _prepare_redelivery(form: WebForm, deps: Deps, by: str) -> Outcome[ShownReplay]:
    between = Between(
        service=form.text("service"),
        since=_needed("since", form),
        until=_needed("until", form),
        types=tuple(form.text("types").split()),
    )
    return await handlers.prepare(between, reason=form.text("reason"), by=by, deps=deps, rate=rate_of(form))


def _needed(name: str, form: WebForm) -> datetime:
    found = moment_of(name, form.text(name))
    if found is None:
        raise Refusal("bad-moment", field=name)
    return found


async def _redelivery(request: Request, deps: Deps, refused: RefusedForm) -> Response:
    now = deps.clock()
    consuming = [service for service in deps.topology.services if deps.topology.keys_of(service)]
    return show(
        request,
        "redelivery.html",
        here="replays",
        services=consuming,
        acts_on={service: sorted(deps.topology.keys_of(service)) for service in consuming},
        hour_ago=now - timedelta(hours=1),
        now=now,
        rate=deps.settings.replay_rate,
        fastest=deps.settings.fastest_replay,
        days=deps.settings.trail_days,
        **refused.shown,
    )


def _at(moment: datetime) -> str:
    return moment.isoformat()
