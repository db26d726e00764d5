"""Who used my data, and saying that somebody should not have."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayAnswer, GatewayProblem, Json
from portal.frame.formats import purpose
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visits import PageVisit
from portal.resident.catalogue_answers import CatalogueNamed
from portal.resident.visitors import Resident, wards_of

router = page_router()

_MOST = 50
_VISIT = timedelta(minutes=20)
"""Looks by one account that follow each other this closely belong together, such as one visit at a terminal."""


class OwnSeenDocument(GatewayAnswer):
    """A document that was seen or asked for."""

    document_type: CatalogueNamed


class OwnAccess(GatewayAnswer):
    """One use of the resident's data, in words."""

    access_id: str
    at: datetime
    by: str
    sentence: str
    documents: tuple[OwnSeenDocument, ...]
    application_id: str | None
    item: CatalogueNamed | None
    purpose: str | None
    dispute: str | None


class OwnAccesses(GatewayAnswer):
    """One page of the record, the latest first."""

    items: tuple[OwnAccess, ...]
    next: str | None = None


@dataclass(frozen=True)
class Line:
    """What is told in one line: uses by the same account in the same words, close to each other, the latest first."""

    uses: list[OwnAccess]


def reworded(visit: PageVisit, use: OwnAccess) -> OwnAccess:
    """Return a use with its purpose in the reader's language, where pages offer it."""
    said = use.purpose and use.sentence.replace(use.purpose, purpose(use.purpose, visit.frame.texts, visit.language))
    return use.model_copy(update={"sentence": said}) if said else use


def gathered(uses: Iterable[OwnAccess]) -> list[Line]:
    """Put together what one visit repeats; what is disputed has a line of its own, and none is left out."""
    lines: list[Line] = []
    near: dict[str, Line] = {}
    before: OwnAccess | None = None
    for use in uses:
        if before is None or before.by != use.by or before.at - use.at > _VISIT:
            near = {}
        before = use
        if use.dispute is None and use.sentence in near:
            near[use.sentence].uses.append(use)
            continue
        lines.append(Line([use]))
        if use.dispute is None:
            near[use.sentence] = lines[-1]
    return lines


class OwnExplanation(GatewayAnswer):
    """What the department says."""

    text: str
    department: CatalogueNamed
    at: datetime


class OwnDispute(GatewayAnswer):
    """A dispute and where it stands."""

    access_id: str
    state: CatalogueNamed
    reason: str
    explanation: OwnExplanation | None


class OwnDisputes(GatewayAnswer):
    """The latest of them."""

    items: tuple[OwnDispute, ...]


@router.get("/my/accesses")
async def list_own(
    visit: Resident, ward: str = "", document_type: str = "", application_id: str = "", cursor: str = ""
) -> Response:
    """Show who used one's own data, or a child's."""
    asked = {"document_type": document_type, "application_id": application_id}
    whose = ward or None
    found, disputes, wards = await asyncio.gather(
        visit.call.get(
            "/v1/accesses",
            OwnAccesses,
            resident_id=whose,
            cursor=cursor or None,
            limit=_MOST,
            **{name: value or None for name, value in asked.items()},
        ),
        visit.part(visit.call.get("/v1/disputes", OwnDisputes, resident_id=whose, limit=50)),
        visit.part(wards_of(visit)),
    )
    return visit.show(
        "resident/accesses.html",
        here="data",
        lines=gathered(reworded(visit, each) for each in found.items),
        disputes={each.access_id: each for each in disputes.items} if disputes else {},
        wards=wards or (),
        ward=ward,
        is_part=any(asked.values()),
        older=f"/my/accesses{query(ward=ward, cursor=found.next, **asked)}" if found.next else "",
    )


@router.get("/my/accesses/{access_id}/dispute")
async def ask(visit: Resident, access_id: str, ward: str = "") -> Response:
    """Ask why somebody should not have looked."""
    return await _dispute(visit, access_id, ward)


async def _dispute(
    visit: PageVisit, access_id: str, ward: str, problem: GatewayProblem | None = None, form: Form | None = None
) -> Response:
    found = await visit.call.get(f"/v1/accesses/{path_of(access_id)}", OwnAccess, resident_id=ward or None)
    return visit.show(
        "resident/dispute.html",
        problem=problem,
        filled=form.filled if form else None,
        here="data",
        access=reworded(visit, found),
        ward=ward,
    )


@router.post("/my/accesses/{access_id}/dispute")
async def dispute(visit: Resident, form: Sent, access_id: str) -> Response:
    """Raise the dispute."""
    ward, body = form.text("ward"), dict[str, Json](reason=form.text("reason"))
    path = f"/v1/accesses/{path_of(access_id)}/dispute{query(resident_id=ward)}"
    try:
        await visit.call.post(path, OwnDispute, body, once=form.once)
    except CallRefused as refused:
        return await _dispute(visit, access_id, ward, refused.problem, form)
    return visit.go(f"/my/accesses{query(ward=ward, done='disputed')}")
