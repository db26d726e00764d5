"""Who used my data, and saying that somebody should not have."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from portal.frame.calls import Answer, Json, Problem, Refused
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.rendering import path_of, query
from portal.frame.visits import Visit
from portal.resident.catalogue_answers import Named
from portal.resident.visitors import Resident, wards_of

router = page_router()

_MOST = 50
_VISIT = timedelta(minutes=20)
"""Looks by one account that follow each other this closely belong together, such as one visit at a terminal."""


class SeenDocument(Answer):
    """A document that was seen or asked for."""

    document_type: Named


class Access(Answer):
    """One use of the resident's data, in words."""

    access_id: str
    at: datetime
    by: str
    sentence: str
    documents: tuple[SeenDocument, ...]
    application_id: str | None
    item: Named | None
    purpose: str | None
    dispute: str | None


class Accesses(Answer):
    """One page of the record, the latest first."""

    items: tuple[Access, ...]
    next: str | None = None


@dataclass(frozen=True)
class Line:
    """What is told in one line: uses by the same account in the same words, close to each other, the latest first."""

    uses: list[Access]


def gathered(uses: Iterable[Access]) -> list[Line]:
    """Put together what one visit repeats; what is disputed has a line of its own, and none is left out."""
    lines: list[Line] = []
    near: dict[str, Line] = {}
    before: Access | None = None
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


class Explanation(Answer):
    """What the department says."""

    text: str
    department: Named
    at: datetime


class Dispute(Answer):
    """A dispute and where it stands."""

    dispute_id: str
    access_id: str
    state: Named
    reason: str
    raised_at: datetime
    explanation: Explanation | None


class Disputes(Answer):
    """The latest of them."""

    items: tuple[Dispute, ...]


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
            Accesses,
            resident_id=whose,
            cursor=cursor or None,
            limit=_MOST,
            **{name: value or None for name, value in asked.items()},
        ),
        visit.part(visit.call.get("/v1/disputes", Disputes, resident_id=whose, limit=50)),
        visit.part(wards_of(visit)),
    )
    return visit.show(
        "resident/accesses.html",
        here="data",
        lines=gathered(found.items),
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
    visit: Visit, access_id: str, ward: str, problem: Problem | None = None, form: Form | None = None
) -> Response:
    found = await visit.call.get(f"/v1/accesses/{path_of(access_id)}", Access, resident_id=ward or None)
    return visit.show(
        "resident/dispute.html",
        problem=problem,
        filled=form.filled if form else None,
        here="data",
        access=found,
        ward=ward,
    )


@router.post("/my/accesses/{access_id}/dispute")
async def dispute(visit: Resident, form: Sent, access_id: str) -> Response:
    """Raise the dispute."""
    ward, body = form.text("ward"), dict[str, Json](reason=form.text("reason"))
    path = f"/v1/accesses/{path_of(access_id)}/dispute{query(resident_id=ward)}"
    try:
        await visit.call.post(path, Dispute, body, once=form.once)
    except Refused as refused:
        return await _dispute(visit, access_id, ward, refused.problem, form)
    return visit.go(f"/my/accesses{query(ward=ward, done='disputed')}")
