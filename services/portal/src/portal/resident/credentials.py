"""Credentials as cards: what each says, shown field by field as a QR code, and who used it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import date

from fastapi import Query
from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayAnswer, GatewayProblem, Json
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visits import PageVisit
from portal.resident.catalogue_answers import Value
from portal.resident.visitors import Resident, wards_of

router = page_router()

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST = 20
_LONGEST = 100
"""Characters of what is looked for."""


class OwnCredential(GatewayAnswer):
    """A credential: what it is, what it says, whether it counts."""

    credential_id: str
    document_type: str
    document_type_name: str
    identifier: str
    status_code: str
    status_name: str
    reason: str | None
    origin_name: str
    fields: Mapping[str, Value]
    field_names: Mapping[str, str]
    valid_from: date
    valid_until: date | None

    @property
    def telling(self) -> list[tuple[str, Value]]:
        """What tells it apart from others of its kind: names and values, two at most."""
        told = [each for each in self.fields if each.endswith("_number") or each in {"address", "school_year"}]
        return [(self.field_names.get(each, each), self.fields[each]) for each in told if self.fields[each]][:2]

    @property
    def is_valid(self) -> bool:
        """Whether it counts."""
        return self.status_code == "01"


class OwnCredentials(GatewayAnswer):
    """One page of them."""

    items: tuple[OwnCredential, ...]
    next: str | None = None


class Presentation(GatewayAnswer):
    """What is shown to somebody: the text that a QR code holds."""

    presentation: str
    shown: tuple[str, ...]


@router.get("/my/credentials")
async def list_own(visit: Resident, ward: str = "", cursor: str = "", q: str = "") -> Response:
    """List one's own credentials, or a child's; with `q` those in which these words stand."""
    asked = {"holder": ward or None, "cursor": cursor or None, "q": q[:_LONGEST] or None}
    found, wards = await asyncio.gather(
        visit.call.get("/v1/credentials", OwnCredentials, limit=_MOST, **asked), visit.part(wards_of(visit))
    )
    return visit.show(
        "resident/credentials.html",
        here="credentials",
        found=found,
        wards=wards or (),
        ward=ward,
        q=q,
        is_part=bool(q or cursor),
        older=f"/my/credentials{query(ward=ward, q=q, cursor=found.next)}" if found.next else "",
    )


@router.get("/my/credentials/{credential_id}")
async def see(visit: Resident, credential_id: str, ward: str = "") -> Response:
    """Show one, with the choice of what to show of it to others."""
    found = await visit.call.get(f"/v1/credentials/{path_of(credential_id)}", OwnCredential)
    return _page(visit, found, ward)


def _page(visit: PageVisit, found: OwnCredential, ward: str, problem: GatewayProblem | None = None) -> Response:
    return visit.show(
        "resident/credential.html",
        problem=problem,
        here="credentials",
        credential=found,
        written={name: written(visit, value) for name, value in found.fields.items()},
        choices=[(name, label, "") for name, label in found.field_names.items()],
        ward=ward,
    )


@router.get("/my/credentials/{credential_id}/shown")
async def present(
    visit: Resident, credential_id: str, field: list[str] = Query(default=[]), ward: str = ""
) -> Response:
    """Show a QR code that says the chosen fields and nothing else."""
    path = f"/v1/credentials/{path_of(credential_id)}"
    body: dict[str, Json] = {"fields": list[Json](field)}
    found = await visit.call.get(path, OwnCredential)
    try:
        presented = await visit.call.post(f"{path}/presentations", Presentation, body)
    except CallRefused as refused:
        return _page(visit, found, ward, refused.problem)
    return visit.show(
        "resident/presentation.html",
        here="credentials",
        credential=found,
        presented=presented,
        names=[found.field_names.get(each, each) for each in field],
        code=f"/my/credentials/{path_of(credential_id)}/code.svg{query(field=tuple(field))}",
        ward=ward,
    )


@router.get("/my/credentials/{credential_id}/code.svg")
async def draw(visit: Resident, credential_id: str, field: list[str] = Query(default=[])) -> Response:
    """Draw the QR code."""
    asked = query(field=tuple(field))
    found = await visit.call.send("GET", f"/v1/credentials/{path_of(credential_id)}/qr.svg{asked}")
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(found.content, media_type="image/svg+xml", headers=headers)


def written(visit: PageVisit, value: Value) -> str:
    if isinstance(value, bool):
        return visit.t("resident.yes" if value else "resident.no")
    if isinstance(value, list):
        return visit.t("resident.between").join(value)
    if isinstance(value, str) and _DAY.fullmatch(value):
        return visit.day(date.fromisoformat(value))
    return "" if value is None else str(value)
