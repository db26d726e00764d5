"""Editing a failure's message: what is shown masked is put right, checked, shown as a difference, and proposed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bus.event import Outcome
from operations.domain.edit import Edit, State
from operations.domain.failure import Failure
from operations.handlers import edits as handlers
from operations.handlers import failures as failure_handlers
from operations.handlers import group_edits, replays
from operations.handlers.dependencies import Deps
from operations.handlers.edits import EditRequest as Edited
from operations.handlers.group_edits import MemberShown
from operations.web.asked import PAGE, AskedOf, DepsOf, PageRequest, pager
from operations.web.bodies import Hints, pretty
from operations.web.charts import DiffLine, diff_lines
from operations.web.edge import OperatorPageRoute
from operations.web.failures import faults_of
from operations.web.forms import NOT_REFUSED, RefusedForm, Sent, WebForm
from operations.web.session import Operator
from operations.web.templates import show, speaker
from runtime.errors import Refusal
from standards.strict_json import RepeatedNameError, check_names
from web import pages

router = APIRouter(route_class=OperatorPageRoute)

_SAMPLES = 5
"""Messages of a group's edit that are shown at once, beside the example."""


@router.get("/failures/{id}/edit")
async def ask(id: str, request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show the editor."""
    del operator
    return await _editor(request, id, deps, RefusedForm(filled={"which": asked.text("which")}))


@router.post("/failures/{id}/edit")
async def edit(id: str, request: Request, form: Sent, deps: DepsOf, operator: Operator) -> Response:
    """Check what was edited and show the difference; or propose it."""
    editor = partial(_editor, request, id, deps)
    if form.text("act") == "propose":
        return await form.carry_out(
            lambda: _propose(id, form, deps, operator.subject),
            then=lambda shown: f"/operations/edits/{shown.edit.id}?done=proposed",
            page=editor,
        )
    try:
        failure = await failure_handlers.find(id, deps)
        would_be = await handlers.look(failure, _edited(form), reason="", by=operator.subject, deps=deps)
    except Refusal as error:
        return await form.refuse(error, editor)
    return await _editor(request, id, deps, RefusedForm(None, form.filled), would_be)


@router.get("/edits")
async def listed(request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show the edits, the latest first."""
    state = asked.text("state")
    known = state if state in get_args(State) else None
    found = await handlers.list_all(deps, state=known, before=asked.place(), limit=PAGE)
    return show(
        request,
        "edits.html",
        here="edits",
        edits=[shown.edit for shown in found[:PAGE]],
        me=operator.subject,
        state=state,
        states=get_args(State),
        **pager(found, "/operations/edits", asked, _place),
    )


@router.get("/edits/{id}")
async def one(id: str, request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show an edit; another operator than its maker can decide about it here."""
    return await _page(request, id, asked, deps, operator.subject, NOT_REFUSED)


@router.post("/edits/{id}/approval")
async def approve(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Let it be sent, and go to the replay that sends it."""
    return await form.carry_out(
        lambda: handlers.approve(
            id, by=operator.subject, version=form.version(), deps=deps, reason=form.text("reason")
        ),
        then=lambda shown: f"/operations/replays/{shown.edit.replay}?done=approved",
        page=partial(_page, request, id, asked, deps, operator.subject),
    )


@router.post("/edits/{id}/rejection")
async def reject(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    return await form.carry_out(
        lambda: handlers.reject(id, reason=form.text("reason"), by=operator.subject, version=form.version(), deps=deps),
        then=f"/operations/edits/{id}?done=rejected",
        page=partial(_page, request, id, asked, deps, operator.subject),
    )


@router.post("/edits/{id}/withdrawal")
async def withdraw(id: str, request: Request, form: Sent, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Take one's own back."""
    return await form.carry_out(
        lambda: handlers.withdraw(
            id, reason=form.text("reason"), by=operator.subject, version=form.version(), deps=deps
        ),
        then=f"/operations/edits/{id}?done=withdrawn",
        page=partial(_page, request, id, asked, deps, operator.subject),
    )


def _place(shown: handlers.ShownEdit) -> pages.Key:
    return [shown.edit.created_at.isoformat(), shown.edit.id]


async def _propose(id: str, form: WebForm, deps: Deps, by: str) -> Outcome[handlers.ShownEdit]:
    return await handlers.propose(
        id, _edited(form), reason=form.text("reason"), by=by, deps=deps, version=form.version()
    )


def _edited(form: WebForm) -> Edited:
    """Read what is in the editor. Raises Refusal with line and column for what is no JSON."""
    try:
        content: object = json.loads(form.text("content"))
        check_names(form.text("content"))
    except json.JSONDecodeError as error:
        raise Refusal("edit-no-json", field="content", line=error.lineno, column=error.colno) from error
    except RepeatedNameError as error:
        raise Refusal("repeated-name", field=f"content{error.path}") from error
    except RecursionError as error:
        raise Refusal("edit-no-json", field="content", line=1, column=1) from error
    is_for_group = form.text("which") == "group"
    if form.text("part") == "body":
        return Edited(body=content, has_body=True, is_for_group=is_for_group)
    return Edited(data=content, has_data=True, is_for_group=is_for_group)


async def _editor(
    request: Request, id: str, deps: Deps, refused: RefusedForm, would_be: Edit | None = None
) -> Response:
    """Show the editor, with what was typed, and what is wrong with it or would change."""
    failure = await failure_handlers.find(id, deps)
    part, content = _content(failure, deps)
    return show(
        request,
        "editor.html",
        here="groups",
        failure=failure,
        part=refused.filled.get("part", part),
        content=refused.filled.get("content", content),
        version=refused.filled.get("version", failure.version),
        would_be=would_be,
        lines=diff_lines(would_be.diff.lines) if would_be else (),
        samples=await _samples(would_be, deps, after=0, limit=_SAMPLES) if would_be else (),
        alike=await _alike(failure, deps),
        faults=faults_of(request, failure_handlers.show(failure, deps)),
        **refused.shown,
    )


async def _new_failure(edit: Edit, deps: Deps) -> str | None:
    """Return the failure of the edited event (of a group the example's), if it failed."""
    original = (await deps.failures.summaries([edit.failure])).get(edit.failure)
    return original.replaced_by if original and edit.display_state == "failed" else None


async def _alike(failure: Failure, deps: Deps) -> int:
    """Return how many open failures the group has."""
    group = await deps.groups.get(failure.group)
    return group.count("open") if group else 0


async def _samples(edit: Edit, deps: Deps, *, after: int, limit: int) -> Sequence[tuple[MemberShown, list[DiffLine]]]:
    """Return messages of a group's edit with the lines of what is changed in each."""
    found = await group_edits.differences_of(edit, deps, after=after, limit=limit)
    return [(each, diff_lines(each.diff.lines) if each.diff else []) for each in found]


def _content(failure: Failure, deps: Deps) -> tuple[str, str]:
    """Return what is edited: the event's data where its envelope is sound, else the whole message."""
    shown = failure_handlers.show(failure, deps)
    content = shown.body.content if shown.body else None
    if failure.event_id and isinstance(content, dict) and "data" in content:
        return "data", json.dumps(content["data"], ensure_ascii=False, indent=2)
    return "body", json.dumps(content, ensure_ascii=False, indent=2) if content is not None else ""


async def _page(request: Request, id: str, asked: PageRequest, deps: Deps, me: str, refused: RefusedForm) -> Response:
    shown = await handlers.show(id, deps)
    t = speaker(request)
    after = asked.number("after")
    samples = await _samples(shown.edit, deps, after=after, limit=_SAMPLES + 1)
    return show(
        request,
        "edit.html",
        here="edits",
        edit=shown.edit,
        samples=samples[:_SAMPLES],
        following=f"/operations/edits/{id}?after={after + _SAMPLES}#messages" if len(samples) > _SAMPLES else None,
        replay=await replays.show(shown.edit.replay, deps) if shown.edit.replay else None,
        new_failure=await _new_failure(shown.edit, deps),
        lines=diff_lines(shown.edit.diff.lines),
        body=pretty(shown.content, Hints(t("failure.masked-hint"))),
        mine=shown.edit.by == me,
        **asked.said,
        **refused.shown,
    )
