"""An application that is being filled in, read with its item and with what has to be brought."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from starlette.exceptions import HTTPException

from portal.frame.template_pages import path_of
from portal.frame.visits import PageVisit
from portal.resident.answers import OwnApplication, OwnPrefilled, OwnScan
from portal.resident.catalogue_answers import CatalogueItem, CatalogueNeed, Eligibility
from portal.resident.visitors import catalogue_of

AnswerT = TypeVar("AnswerT")

Asking = Callable[[str, str], Awaitable[AnswerT | None]]
"""Asks for something about an item, for a child (empty: the applicant)."""


@dataclass(frozen=True)
class Draft:
    """An application that is being filled in, its item, and what it needs (None: not known here, or not to be had)."""

    application: OwnApplication
    item: CatalogueItem
    address: str
    """The address below which its pages are."""
    start: str
    """The address of its item's first page."""
    needs: tuple[CatalogueNeed, ...] | None = None

    @property
    def prefilled(self) -> Mapping[str, OwnPrefilled]:
        """What answers a question where the applicant does not, by question."""
        return {each.field: each for each in self.application.prefilled}

    @property
    def declined(self) -> frozenset[tuple[str, str]]:
        """Which records may not be used: requirement and evidence id."""
        chosen = self.application.evidence
        return frozenset((each.requirement, each.evidence_id) for each in chosen if each.choice == "decline")

    def is_held(self, need: CatalogueNeed) -> bool:
        """Tell whether government holds what a requirement asks for, and may use it."""
        choices = {each.choice for each in self.application.evidence if each.requirement == need.key}
        return need.need == "held" and choices != {"decline"}

    def scans_of(self, requirement: str) -> list[OwnScan]:
        return [each for each in self.application.scans if each.requirement == requirement]

    def question_after(self, done: str, *, required: bool = False) -> str | None:
        """Return the page of the next question, or required one, that nothing answers yet; None when there is none."""
        form = self.item.form
        begin = next((number + 1 for number, each in enumerate(form) if question_step(each.key) == done), 0)
        known = {*self.application.form, *self.prefilled}
        following = (each for each in form[begin:] if each.key not in known and (each.required or not required))
        return next((f"{self.address}/{question_step(each.key)}" for each in following), None)

    def document_after(self, done: str) -> str | None:
        """Return the page of the next document for which a scan would help; None when there is none."""
        needs = [each for each in self.needs or () if each.need != "other-party"]
        begin = next((number + 1 for number, each in enumerate(needs) if document_step(each.key) == done), 0)
        open_ = (each.key for each in needs[begin:] if not self.is_held(each) and not self.scans_of(each.key))
        return next((f"{self.address}/{document_step(key)}" for key in open_), None)


def address_of(visit: PageVisit, application_id: str) -> str:
    return f"{visit.base}/applications/{path_of(application_id)}"


def question_step(key: str) -> str:
    """Return the address of a question below that of its application."""
    return f"questions/{path_of(key)}"


def document_step(requirement: str) -> str:
    """Return the address of a document below that of its application."""
    return f"documents/{path_of(requirement)}"


async def draft_of(visit: PageVisit, application_id: str) -> Draft:
    """Read an application that may be changed. Raises Refused, Away; HTTPException for one that may not."""
    draft, _ = await draft_and(visit, application_id, _nothing)
    return draft


async def draft_with_needs(visit: PageVisit, application_id: str) -> Draft:
    """Read it with what is held and what would have to be brought; without that where its service is away."""
    draft, found = await draft_and(visit, application_id, partial(_eligibility, visit))
    return replace(draft, needs=found.documents if found else None)


async def draft_and(visit: PageVisit, application_id: str, ask: Asking[AnswerT]) -> tuple[Draft, AnswerT | None]:
    """Read it and, at the same time, what depends on its item and on whom it is for."""
    key = (visit.owner, application_id)
    begun = visit.frame.begun.find(key)
    reading = _application(visit, application_id)
    if begun is None:
        application = await reading
        item_code, child = application.item.code, application.child
        visit.frame.begun.put(key, (item_code, child))
        item, asked = await asyncio.gather(_item(visit, item_code), ask(item_code, child))
    else:
        application, item, asked = await asyncio.gather(reading, _item(visit, begun[0]), ask(*begun))
    start = f"{catalogue_of(visit)}/items/{path_of(item.code)}"
    return Draft(application, item, address_of(visit, application_id), start), asked


async def _application(visit: PageVisit, application_id: str) -> OwnApplication:
    application = await visit.call.get(f"/v1/applications/{path_of(application_id)}", OwnApplication)
    if not application.is_open_to_change:
        raise HTTPException(404)
    return application


async def _item(visit: PageVisit, code: str) -> CatalogueItem:
    return await visit.call.get_public(f"/v1/items/{path_of(code)}", CatalogueItem)


async def _eligibility(visit: PageVisit, item: str, child: str) -> Eligibility | None:
    path = f"/v1/items/{path_of(item)}/eligibility"
    return await visit.part(visit.call.get(path, Eligibility, subject_id=child or None))


async def _nothing(_item: str, _child: str) -> None:
    """Ask for nothing beside the application."""
