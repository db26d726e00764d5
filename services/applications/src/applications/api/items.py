"""/v1/items: the catalogue, and what an item would need of the resident who asks."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from applications.api.eligibility_views import EligibilityView
from applications.api.item_views import ItemSummary, ServiceItemView
from applications.api.parts import DepsOf, WordingOf
from applications.domain.catalogue import WantedDocument, digest_of
from applications.handlers import catalogue
from web.pages import Cursor, Limit, Page, page
from web.presences import CallerOf
from web.routes import Commit

router = APIRouter(prefix="/items", tags=["items"])

Code = Annotated[str, Path(max_length=60, examples=["residence-permit"])]


class SearchRequest(BaseModel):
    """What to search and filter by."""

    q: Annotated[
        str | None, Query(max_length=100, description="Words, either script; pinyin, initials, life events")
    ] = None
    department: Annotated[str | None, Query(max_length=60)] = None
    document: Annotated[str | None, Query(max_length=60, description="Items that ask for this document type")] = None
    grants: Annotated[str | None, Query(max_length=60, description="Items that grant this document type")] = None
    subject: Literal["applicant", "child"] | None = None
    decision: Literal["automatic", "field-check", "officer"] | None = None

    @property
    def wanted(self) -> WantedDocument:
        """The search as the catalogue knows it."""
        return WantedDocument(self.q, self.department, self.document, self.grants, self.subject, self.decision)


@router.get("", summary="Search the service items")
async def search(
    search: Annotated[SearchRequest, Query()], deps: DepsOf, wording: WordingOf, cursor: Cursor, limit: Limit = 20
) -> Page[ItemSummary]:
    """Give items in order of their codes; with `q`, those that fit best first. No sign-in is needed.

    Found by the words of the name and the texts, by other words for them, by pinyin and initials, by a life event, by a
    department; one wrong character is forgiven.
    """
    after = str(cursor[0]) if cursor else None
    found = deps.catalogue.search(search.wanted, after=after, limit=limit + 1)
    return page(found, limit, key=lambda item: [item.code], view=lambda item: ItemSummary.of(item, wording))


@router.get("/{code}", summary="See one item: who may apply, what it asks for, how it is decided")
async def see(code: Code, deps: DepsOf, wording: WordingOf, response: Response) -> ServiceItemView:
    """Give an item with its form and requirements. No sign-in is needed."""
    item = deps.catalogue.item(code)
    response.headers["ETag"] = f'"{digest_of(item)[:16]}"'
    return ServiceItemView.of(item, wording)


@router.get(
    "/{code}/eligibility",
    summary="Before applying: may I, and what need I not bring?",
    response_model=EligibilityView,
)
async def explain(
    code: Code,
    by: CallerOf,
    deps: DepsOf,
    wording: WordingOf,
    commit: Commit,
    subject_id: Annotated[str | None, Query(max_length=60, description="The child to apply for")] = None,
) -> Response:
    """Explain each rule, and for each document whether government already holds it."""
    return await commit(
        lambda: catalogue.explain(code, subject_id, by, deps),
        lambda explained: EligibilityView.of(explained, wording),
        only_looks=True,
    )
