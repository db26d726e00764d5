"""The phase-out cockpit: rehearse what comes of it when nobody reviews a document type, and switch it with two."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayProblem, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Official
from portal.frame.visits import PageVisit
from portal.office.answers import OfficeDocumentType, OfficeJudgements, OfficeRehearsal, OfficeSwitch, Switches

router = page_router()

SWITCHES = "/v1/review-switches"
Group = Literal["waits-for-me", "waits-for-another", "went-back", "off", "ready", "people"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A document type with the judgement of whether its review could be switched off; None: no decisions yet."""

    switch: OfficeSwitch
    judged: OfficeDocumentType | None


@router.get("/office/reviews")
async def reviews(visit: Official) -> Response:
    """Show all document types: what waits for a second official first, then what could be switched off."""
    found, statistics = await asyncio.gather(
        visit.call.get(SWITCHES, Switches), visit.part(visit.call.get("/v1/statistics", OfficeJudgements))
    )
    judged = {each.document_type.code: each for each in (statistics.document_types if statistics else ())}
    groups: dict[Group, list[Listed]] = {}
    for switch in found.items:
        each = Listed(switch, judged.get(switch.document_type.code))
        groups.setdefault(_group(each, visit), []).append(each)
    return visit.show("office/reviews.html", here="reviews", groups=groups, knows_figures=statistics is not None)


@router.get("/office/reviews/{document_type}")
async def review(visit: Official, document_type: str, cursor: str = "") -> Response:
    """Show the rehearsal of one document type, what is proposed, and its history."""
    return await _page(visit, document_type, cursor=cursor)


@router.post("/office/reviews/{document_type}/proposal")
async def propose(visit: Official, form: Sent, document_type: str) -> Response:
    """Propose to switch it the other way."""
    body: dict[str, Json] = {"review": form.text("review"), "reason": form.text("reason")}
    return await _do(visit, document_type, "proposal", body, form, {})


@router.post("/office/reviews/{document_type}/approval")
async def approve(visit: Official, form: Sent, document_type: str) -> Response:
    """Approve what another official proposed."""
    return await _do(visit, document_type, "approval", None, form, {})


@router.post("/office/reviews/{document_type}/rejection")
async def reject(visit: Official, form: Sent, document_type: str) -> Response:
    """Drop what was proposed; its proposer takes it back in the same way."""
    body: dict[str, Json] = {"reason": form.text("rejection-reason")}
    return await _do(visit, document_type, "rejection", body, form, {"/reason": "rejection-reason"})


async def _do(
    visit: PageVisit, document_type: str, deed: str, body: Json, form: Form, fields: Mapping[str, str]
) -> Response:
    path, version = f"{SWITCHES}/{path_of(document_type)}/{deed}", f'"{form.text("version")}"'
    try:
        await visit.call.post(path, Nothing, body, once=form.once, version=version)
    except CallRefused as refused:
        return await _page(visit, document_type, problem=refused.problem, filled=form.filled, fields=fields)
    return visit.go(f"/office/reviews/{path_of(document_type)}?done={deed}")


async def _page(
    visit: PageVisit,
    document_type: str,
    *,
    cursor: str = "",
    problem: GatewayProblem | None = None,
    filled: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> Response:
    path = f"{SWITCHES}/{path_of(document_type)}"
    switch, rehearsal = await asyncio.gather(
        visit.call.get(path, OfficeSwitch),
        visit.part(visit.call.get(f"{path}/rehearsal", OfficeRehearsal, cursor=cursor or None, limit=10)),
    )
    return visit.show(
        "office/review.html",
        here="reviews",
        switch=switch,
        rehearsal=rehearsal,
        cursor=cursor,
        mine=is_mine(switch, visit),
        wanted="people" if switch.review == "automatic" else "automatic",
        problem=problem,
        filled=filled,
        fields=fields,
    )


def is_mine(switch: OfficeSwitch, visit: PageVisit) -> bool:
    """Tell whether what is proposed is the official's own, which another one has to approve."""
    return switch.proposal is not None and visit.person is not None and switch.proposal.by == visit.person.subject


def _group(each: Listed, visit: PageVisit) -> Group:
    switch = each.switch
    if switch.proposal is not None:
        return "waits-for-another" if is_mine(switch, visit) else "waits-for-me"
    if switch.review == "automatic":
        return "off"
    if switch.went_back is not None:
        return "went-back"
    return "ready" if each.judged is not None and each.judged.can_switch_off else "people"
