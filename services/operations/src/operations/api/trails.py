"""Routes of the trail: one case as JSON, as text or as a picture; the newest events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from operations.api.content_negotiation import chosen
from operations.api.trail_views import EventView, TrailView, events_of
from operations.domain.sequence_diagram import draw
from operations.domain.trail import CaseTrail, folded
from operations.domain.trail_text import tell
from operations.domain.trail_words import TrailWords
from operations.handlers import trails
from operations.handlers.dependencies import Deps
from operations.handlers.trails import Sought
from runtime.clock import Moment
from runtime.errors import Refusal
from standards.bounds import Name, Text, Words
from web import routes
from web.auth import Principal, Role, allow
from web.pages import Cursor, Limit, Page, page

router = APIRouter(prefix="/trails", tags=["trails"])

DepsOf = Annotated[Deps, Depends(routes.deps)]
Operator = Annotated[Principal, allow(Role.OPERATOR)]
Since = Annotated[Moment | None, Query(description="From this moment on")]
Accesses = Annotated[bool, Query(description="Text and picture: each record of used data is a step of its own")]
Until = Annotated[Moment | None, Query(description="Before this moment")]

JSON, TEXT, PICTURE = "application/json", "text/plain", "image/svg+xml"
FORMS = (JSON, TEXT, PICTURE)


class Looking(BaseModel):
    """Why a person's data is looked at."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "INC-4711: wrong address"}]})

    reason: Words | None = Field(default=None, description="Kept in the record of actions")


@router.get("", summary="The newest events on the bus")
async def newest(
    deps: DepsOf,
    _by: Operator,
    *,
    since: Since = None,
    until: Until = None,
    type: Annotated[Text | None, Query(examples=["matcher.match-failed.v2"])] = None,  # noqa: A002 - CloudEvents' word
    publisher: Annotated[Text | None, Query(examples=["matcher"])] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[EventView]:
    """List events, the latest arrival first, without their data."""
    if cursor is not None and not (len(cursor) == 1 and isinstance(cursor[0], int)):
        raise Refusal("bad-cursor", field="cursor")
    before = None if cursor is None else int(str(cursor[0]))
    found = await trails.newest(Sought(since, until, type, publisher), before, limit, deps)
    return page(found, limit, key=lambda entry: [entry.place], view=events_of(deps))


@router.get(
    "/{case:path}",
    summary="Everything about one case, in order",
    response_model=TrailView,
    responses={
        200: {"content": {TEXT: {}, PICTURE: {}}},
        406: {"description": "Neither JSON, text nor SVG is accepted"},
    },
)
async def read(
    case: Name,
    deps: DepsOf,
    _by: Operator,
    language: routes.Language,
    *,
    since: Since = None,
    accesses: Annotated[
        bool, Query(description="Text and picture: each record of used data as a step of its own")
    ] = False,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """Read a case masked: events, dead letters and operators' actions, a cause before its effects."""
    form = chosen(accept, FORMS)
    trail = await trails.read(case, deps, since)
    trail = trail if accesses or form == JSON else folded(trail)
    return Response(_written(trail, form, trails.wording(language, deps)), headers=_headers(form, language))


@router.post("/{case:path}/disclosures", summary="The same in clear, with a reason")
async def disclose(
    case: Name, looking: Looking, deps: DepsOf, by: Operator, language: routes.Language, commit: routes.Commit
) -> Response:
    """Read a case in clear; who looked, and why, is recorded."""
    words = trails.wording(language, deps)
    return await commit(
        lambda: trails.disclose(case, looking.reason, by.subject, deps),
        lambda trail: TrailView.of(trail, words),
        only_looks=True,
    )


def _written(trail: CaseTrail, form: str, words: TrailWords) -> str:
    match form:
        case "text/plain":
            return tell(trail, words)
        case "image/svg+xml":
            return draw(trail, words)
        case _:
            return TrailView.of(trail, words).model_dump_json()


def _headers(form: str, language: str) -> dict[str, str]:
    """A picture that is opened on its own loads nothing and runs nothing."""
    return {
        "Content-Type": f"{form}; charset=utf-8" if form != JSON else form,
        "Content-Language": language,
        "Vary": "Accept, Accept-Language",
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
