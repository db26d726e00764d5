"""Having a value corrected: of the registration, a credential, or a record for which an application was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayProblem, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visits import PageVisit
from portal.resident.answers import OwnApplication
from portal.resident.credentials import OwnCredential
from portal.resident.credentials import written as said
from portal.resident.my_data import OwnRegistration, rows_of
from portal.resident.visitors import Resident
from standards.document_types import enterable_fields
from standards.field_kinds import FieldKind

router = page_router()

REGISTRATION = "registration"
_DAYS = frozenset({"birth_date", "valid_from", "valid_until"})
_ASKED = ("document_type", "field", "credential_id", "ward", "application_id", "number")
"""What a value is asked for by: a document's type and field, or an application and the number of its reason."""


@dataclass(frozen=True)
class Wrong:
    """A value that is said to be wrong: where it stands, what it says, and what kind of value it is."""

    document_type: str
    field: str
    title: str
    name: str
    says: str
    kind: FieldKind
    ward: str
    back: str


@router.get("/my/corrections/new")
async def ask_correction(visit: Resident, request: Request) -> Response:
    """Ask what a value should say: of the registration, a credential, or a record that an application met."""
    return await _correction(visit, request.query_params)


async def _correction(
    visit: PageVisit, given: Mapping[str, str], problem: GatewayProblem | None = None, form: Form | None = None
) -> Response:
    asked = {key: given.get(key, "") for key in _ASKED}
    return visit.show(
        "resident/correction.html",
        problem=problem,
        filled=form.filled if form else None,
        here="data",
        asked=asked,
        **vars(await _wrong(visit, asked)),
    )


async def _wrong(visit: PageVisit, asked: Mapping[str, str]) -> Wrong:
    """Find the value that is asked about; everything about it comes from the services, nothing from the address."""
    assert visit.person is not None  # noqa: S101 - a Resident's visit
    document_type, field, ward = asked["document_type"], asked["field"], asked["ward"]
    back = f"/my/data{query(ward=ward)}"
    if asked["application_id"]:
        return await _wrong_in_application(visit, asked["application_id"], asked["number"])
    if document_type == REGISTRATION:
        found = await visit.call.get(f"/v1/residents/{path_of(ward or visit.person.subject)}", OwnRegistration)
        rows = {key: (name, text) for key, name, text in rows_of(visit, found)}
        if field not in rows:
            raise HTTPException(404)
        kind: FieldKind = "date" if field in _DAYS else "text"
        return Wrong(document_type, field, visit.t("resident.registration.title"), *rows[field], kind, ward, back)
    if not asked["credential_id"]:
        raise HTTPException(404)
    path = f"/v1/credentials/{path_of(asked['credential_id'])}"
    credential = await visit.call.get(path, OwnCredential)
    return Wrong(
        document_type=credential.document_type,
        field=field,
        title=credential.document_type_name,
        name=credential.field_names.get(field, field),
        says=said(visit, credential.fields.get(field)),
        kind=enterable_fields(credential.document_type).get(field, "text"),
        ward=ward,
        back=back,
    )


async def _wrong_in_application(visit: PageVisit, application_id: str, number: str) -> Wrong:
    """Find the value for which an application was refused; its record may be any keeper's."""
    assert visit.person is not None  # noqa: S101 - a Resident's visit
    application = await visit.call.get(f"/v1/applications/{path_of(application_id)}", OwnApplication)
    found = dict(enumerate(application.reasons, 1)).get(int(number) if number.isascii() and number.isdigit() else 0)
    if found is None or found.correctable is None:
        raise HTTPException(404)
    wrong = found.correctable
    return Wrong(
        document_type=wrong.document_type.code,
        field=wrong.field.code,
        title=wrong.document_type.name,
        name=wrong.field.name,
        says=found.held or "",
        kind=enterable_fields(wrong.document_type.code).get(wrong.field.code, "text"),
        ward=wrong.resident_id if wrong.resident_id != visit.person.subject else "",
        back=f"/my/applications/{path_of(application_id)}",
    )


@router.post("/my/corrections")
async def correct(visit: Resident, form: Sent) -> Response:
    """Ask for a correction."""
    given = {key: form.text(key) for key in _ASKED}
    wrong = await _wrong(visit, given)
    body: dict[str, Json] = {
        "document_type": wrong.document_type,
        "field": wrong.field,
        "should_say": _meant(wrong.kind, form.text("should_say")),
        "reason": form.text("reason"),
        **({"credential_id": given["credential_id"]} if given["credential_id"] else {}),
        **({"resident_id": wrong.ward} if wrong.ward else {}),
    }
    try:
        await visit.call.post("/v1/corrections", Nothing, body, once=form.once)
    except CallRefused as refused:
        return await _correction(visit, given, refused.problem, form)
    return visit.go(f"/my/data{query(ward=wrong.ward, done='correction-asked')}")


def _meant(kind: FieldKind, text: str) -> Json:
    """Return what was typed as the interface takes it; what fits no kind is left for the service to explain."""
    if kind == "names":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind == "count" and text.isascii() and text.isdigit():
        return int(text)
    return text == "true" if kind == "flag" and text else text
