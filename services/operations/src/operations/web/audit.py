"""The record of what operators did, to be read, taken out and checked."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from operations.api.audit import lines, table
from operations.domain.audit import AuditEntry
from operations.domain.audit import AuditQuery as AskedOfRecord
from operations.handlers import audit as handlers
from operations.handlers.dependencies import Deps
from operations.web.asked import PAGE, AskedOf, DepsOf, PageRequest, pager
from operations.web.edge import OperatorPageRoute, explain
from operations.web.forms import NOT_REFUSED, RefusedForm
from operations.web.session import Operator
from operations.web.templates import path_of, show, speaker
from runtime.errors import Refusal
from web import pages

router = APIRouter(route_class=OperatorPageRoute)

_FILTERS = ("by", "action", "target", "since", "until")
_CHECKED_UNASKED = 5_000
"""A record of so many entries is checked whenever it is shown; a longer one when somebody asks."""


@router.get("/audit")
async def record(request: Request, asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Show the record, the latest first, and whether it is whole."""
    del operator
    try:
        found = await handlers.entries(_asked(asked), _before(asked), PAGE, deps)
    except Refusal as error:
        return await _page(request, asked, deps, RefusedForm(await explain(request, error)), [])
    return await _page(request, asked, deps, NOT_REFUSED, list(found))


@router.get("/audit.jsonl")
async def as_lines(asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Take the record out as JSON Lines."""
    del operator
    return _download(lines(_asked(asked), deps), "application/jsonl", "operations-audit.jsonl")


@router.get("/audit.csv")
async def as_table(asked: AskedOf, deps: DepsOf, operator: Operator) -> Response:
    """Take the record out as CSV."""
    del operator
    return _download(table(_asked(asked), deps), "text/csv; charset=utf-8", "operations-audit.csv")


def _asked(asked: PageRequest) -> AskedOfRecord:
    return AskedOfRecord(
        by=asked.or_none("by"),
        action=asked.or_none("action"),
        target=asked.or_none("target"),
        since=asked.moment("since"),
        until=asked.moment("until"),
    )


def _before(asked: PageRequest) -> int | None:
    if not asked.text("after"):
        return None
    match pages.decode(asked.text("after")):
        case [int() as number]:
            return number
    raise Refusal("bad-cursor", field="after")


async def _page(
    request: Request, asked: PageRequest, deps: Deps, refused: RefusedForm, found: list[AuditEntry]
) -> Response:
    small = (await deps.audit.head()).number <= _CHECKED_UNASKED
    checked = await handlers.verify(deps) if small or asked.text("check") else None
    t = speaker(request)
    return show(
        request,
        "audit.html",
        here="audit",
        entries=found[:PAGE],
        target=_address_of,
        typed={name: asked.text(name) for name in _FILTERS},
        actions=sorted(t.codes("actions")),
        checked=checked,
        check=f"/operations/audit{asked.without('after') or '?'}&check=yes",
        question=asked.without("after", "check"),
        **pager(found, "/operations/audit", asked, lambda entry: [entry.number]),
        **refused.shown,
    )


def _address_of(entry: AuditEntry) -> str | None:
    """Return the page of what an entry is about, if it has one."""
    if entry.action.startswith("trail-"):
        return f"/operations/trails/{path_of(entry.target)}"
    kinds = {"failure": "failures", "group": "groups", "replay": "replays", "edit": "edits"}
    kind = kinds.get(entry.action.partition("-")[0])
    return f"/operations/{kind}/{path_of(entry.target)}" if kind else None


def _download(content: AsyncIterator[str], media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(content, media_type=media_type, headers=headers)
