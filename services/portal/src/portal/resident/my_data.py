"""What is registered about me, all of it taken out, and erased."""

from __future__ import annotations

import asyncio
from datetime import date, datetime

from pydantic import Field
from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayAnswer, GatewayProblem, Json, Nothing
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visits import PageVisit
from portal.resident.catalogue_answers import CatalogueNamed, Value
from portal.resident.credentials import written as said
from portal.resident.visitors import Resident, wards_of
from standards import communities

router = page_router()


class OwnRegistration(GatewayAnswer):
    """What is registered about a person."""

    number: str
    name: str
    sex: str
    birth_date: date
    nationality_group: str
    address: str
    issuing_authority: str
    valid_from: date
    valid_until: date | None
    community: str


class OwnCorrectionAnswer(GatewayAnswer):
    """What the department says, and what happens now."""

    text: str
    at: datetime
    department: CatalogueNamed
    effect: CatalogueNamed | None


class Window(GatewayAnswer):
    """The change at a window."""

    text: str


class OwnCorrection(GatewayAnswer):
    """A request for correction and where it stands."""

    state: CatalogueNamed
    document_type: CatalogueNamed
    field: CatalogueNamed
    says: Value
    should_say: Value
    reason: str
    department: CatalogueNamed
    answer: OwnCorrectionAnswer | None
    window: Window | None


class OwnCorrections(GatewayAnswer):
    """The latest of them."""

    items: tuple[OwnCorrection, ...]


class OwnExport(GatewayAnswer):
    """An export and how far it has come."""

    export_id: str
    state: CatalogueNamed
    ends_at: datetime


class OwnGone(GatewayAnswer):
    """What would be erased, or was: how many of a kind."""

    kind: CatalogueNamed
    count: int


class OwnStays(GatewayAnswer):
    """What stays, until when and why."""

    kind: CatalogueNamed
    count: int | None
    until: date | None
    lasts: str | None = Field(None, alias="while")
    why: str


class OwnServiceAnswer(GatewayAnswer):
    """What one service says."""

    service: CatalogueNamed
    answered: bool
    erased: tuple[OwnGone, ...]
    kept: tuple[OwnStays, ...]


class OwnErasure(GatewayAnswer):
    """An erasure: first a preview to be confirmed, then what went."""

    erasure_id: str
    resident_id: str
    state: CatalogueNamed
    requested_at: datetime
    ends_at: datetime | None
    preview: str | None
    question: str | None
    previews: tuple[OwnServiceAnswer, ...]
    services: tuple[OwnServiceAnswer, ...]


class Erasures(GatewayAnswer):
    """The latest of them."""

    items: tuple[OwnErasure, ...]


@router.get("/my/data")
async def overview(visit: Resident, ward: str = "") -> Response:
    """Show what is registered, and everything that one may ask for."""
    assert visit.person is not None  # noqa: S101 - a Resident's visit
    whose = ward or None
    registration, corrections, erasures, wards = await asyncio.gather(
        visit.part(visit.call.get(f"/v1/residents/{path_of(ward or visit.person.subject)}", OwnRegistration)),
        visit.part(visit.call.get("/v1/corrections", OwnCorrections, resident_id=whose, limit=20)),
        visit.part(visit.call.get("/v1/erasures", Erasures, resident_id=whose, limit=5)),
        visit.part(wards_of(visit)),
    )
    return visit.show(
        "resident/data.html",
        here="data",
        rows=rows_of(visit, registration) if registration else None,
        corrections=corrections,
        erasures=erasures,
        wards=wards or (),
        ward=ward,
        said=lambda value: said(visit, value),
    )


def rows_of(visit: PageVisit, registration: OwnRegistration) -> list[tuple[str, str, str]]:
    """Return the key, name and value of each field of a registration, as people read them."""
    shown: list[tuple[str, str, str]] = []
    for key in OwnRegistration.model_fields:
        value = getattr(registration, key)
        if key == "sex":
            text = visit.t(f"resident.sexes.{value}")
        elif key == "community":
            text = _community(value, visit)
        elif key == "valid_until" and value is None:
            text = visit.t("resident.long-term")
        else:
            text = visit.day(value) if isinstance(value, date) else value
        shown.append((key, visit.t(f"resident.registration.{key}"), text))
    return shown


def _community(code: str, visit: PageVisit) -> str:
    name = communities.name_of(code)
    return name.en if visit.language == "en" else name.zh_cn


@router.post("/my/exports")
async def export(visit: Resident, form: Sent) -> Response:
    """Ask for everything that is held."""
    ward = form.text("ward")
    body: dict[str, Json] = {"resident_id": ward} if ward else {}
    made = await visit.call.post("/v1/exports", OwnExport, body, once=form.once)
    return visit.go(f"/my/exports/{path_of(made.export_id)}")


@router.get("/my/exports/{export_id}")
async def see_export(visit: Resident, export_id: str) -> Response:
    """Show how far an export has come, and lead to it."""
    found = await visit.call.get(f"/v1/exports/{path_of(export_id)}", OwnExport)
    return visit.show("resident/export.html", here="data", export=found, address=f"/my/exports/{path_of(export_id)}")


@router.get("/my/exports/{export_id}/page")
async def read_export(visit: Resident, export_id: str) -> Response:
    """Show an export as the page that its service makes."""
    found = await visit.call.send("GET", f"/v1/exports/{path_of(export_id)}/page")
    policy = found.headers.get("content-security-policy", "default-src 'none'")
    return Response(found.content, media_type="text/html", headers={"Content-Security-Policy": policy})


@router.get("/my/exports/{export_id}/file")
async def take_export(visit: Resident, export_id: str) -> Response:
    """Hand out an export as a file for other programs."""
    found = await visit.call.send("GET", f"/v1/exports/{path_of(export_id)}/content")
    headers = {"Content-Disposition": 'attachment; filename="yizheng-export.json"'}
    return Response(found.content, media_type="application/json", headers=headers)


@router.post("/my/erasures")
async def ask_erasure(visit: Resident, form: Sent) -> Response:
    """Ask what would be erased; nothing goes yet."""
    ward = form.text("ward")
    body: dict[str, Json] = {"resident_id": ward} if ward else {}
    made = await visit.call.post("/v1/erasures", OwnErasure, body, once=form.once)
    return visit.go(f"/my/erasures/{path_of(made.erasure_id)}")


@router.get("/my/erasures/{erasure_id}")
async def see_erasure(visit: Resident, erasure_id: str) -> Response:
    """Show what would go and what stays, until when and why; afterwards what went."""
    return await _erasure(visit, erasure_id)


async def _erasure(visit: PageVisit, erasure_id: str, problem: GatewayProblem | None = None) -> Response:
    found = await visit.call.get(f"/v1/erasures/{path_of(erasure_id)}", OwnErasure)
    return visit.show("resident/erasure.html", problem=problem, here="data", erasure=found)


@router.post("/my/erasures/{erasure_id}")
async def erase(visit: Resident, form: Sent, erasure_id: str) -> Response:
    """Have erased what was shown, for good."""
    found = await visit.call.get(f"/v1/erasures/{path_of(erasure_id)}", OwnErasure)
    body: dict[str, Json] = {"preview": form.text("preview"), "resident_id": found.resident_id}
    try:
        path = f"/v1/erasures/{path_of(erasure_id)}/confirmation"
        await visit.call.post(path, Nothing, body, once=form.once)
    except CallRefused as refused:
        return await _erasure(visit, erasure_id, refused.problem)
    return visit.go(f"/my/erasures/{path_of(erasure_id)}?done=erasing")
