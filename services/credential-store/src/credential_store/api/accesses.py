"""Where residents read who looked at their credentials."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from credential_store.api.views import TEXTS
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.looks import Look
from credential_store.handlers import looking
from credential_store.handlers.needs import Deps
from runtime import web
from runtime.access import Principal, Role, allow
from runtime.pages import Cursor, Limit, Page, page

router = APIRouter(prefix="/accesses", tags=["accesses"])


class SeenView(BaseModel):
    """A document that was looked at."""

    document_type: str
    document_type_name: str
    identifier: str


class AccessView(BaseModel):
    """One look: when, by which department, how, for which purpose, at what; `seen` is empty where nothing matched."""

    access_id: str
    at: datetime
    departments: list[str]
    by: str
    role: str
    how: Literal["query", "view"]
    how_name: str
    purpose: str
    asked_for: str | None
    asked_for_name: str | None
    seen: list[SeenView]


@router.get("", summary="Read who looked at my credentials")
async def list_own(
    by: Annotated[Principal, allow(Role.RESIDENT)],
    deps: Annotated[Deps, Depends(web.deps)],
    language: web.Language,
    cursor: Cursor,
    limit: Limit = 20,
) -> Page[AccessView]:
    """Give a resident every look at their credentials, the latest first."""
    before = str(cursor[0]) if cursor else None
    found = await looking.own_looks(by.subject, before, limit, deps)
    return page(found, limit, key=lambda look: [look.id], view=lambda look: _view(look, language, deps.types))


def _view(look: Look, language: str, types: DocumentTypes) -> AccessView:
    return AccessView(
        access_id=look.id,
        at=look.at,
        departments=list(look.departments),
        by=_departments(look, language, types),
        role=look.role,
        how=look.how,
        how_name=TEXTS.say(language, f"looks.{look.how}"),
        purpose=look.purpose,
        asked_for=look.asked_for,
        asked_for_name=types.of(look.asked_for).name.in_language(language) if look.asked_for else None,
        seen=[
            SeenView(
                document_type=each.document_type,
                document_type_name=types.of(each.document_type).name.in_language(language),
                identifier=each.identifier,
            )
            for each in look.seen
        ],
    )


def _departments(look: Look, language: str, types: DocumentTypes) -> str:
    known = [
        types.departments[code].name.in_language(language) for code in look.departments if code in types.departments
    ]
    return TEXTS.say(language, "looks.between").join(known) or look.by
