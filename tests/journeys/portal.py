"""What residents do on their phones, over the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from synthetic.caller import Caller, CallerAnswer, Json, NoAnswer
from tests.journeys.waiting import heard_of


class Named(CallerAnswer):
    """A code with its name in the caller's language."""

    code: str
    name: str


class Need(CallerAnswer):
    """A document that an item asks for, and whether it has to be brought: held, handed-in, needed, other-party."""

    key: str
    any_of: tuple[Named, ...]
    need: str
    text: str


class Explained(CallerAnswer):
    """Whether somebody may apply, and what they need not bring."""

    eligible: bool | None
    suspended: bool
    documents: tuple[Need, ...]
    need_not_bring: tuple[Named, ...]
    bring: tuple[str, ...]

    def need(self, key: str) -> str:
        """Tell how a requirement stands."""
        return next(each.need for each in self.documents if each.key == key)


class Proof(CallerAnswer):
    """What proved a document; the source `person` is a reviewer."""

    document_type: Named
    source: str
    source_name: str


class Document(CallerAnswer):
    """A document that an application needs, and where it stands."""

    requirement: str
    any_of: tuple[Named, ...]
    holder: str
    attempt: int
    standing: str
    proof: Proof | None


class Now(CallerAnswer):
    """One thing that is waited for: who has it, for what, by when."""

    doing: str
    text: str
    requirement: str | None
    department: Named | None
    due_on: date | None


class Reason(CallerAnswer):
    """Why something was refused."""

    code: str
    requirement: str | None
    text: str


class Credential(CallerAnswer):
    """The credential under which a grant is kept."""

    credential_id: str
    identifier: str


class Grant(CallerAnswer):
    """What an approval granted."""

    document_type: Named
    valid_from: date
    valid_until: date | None
    credential: Credential | None


class Seen(CallerAnswer):
    """An application as its applicant sees it."""

    application_id: str
    version: int
    reference: str
    state: str
    state_name: str
    submitted_at: datetime | None
    due_on: date | None
    decided_at: datetime | None
    now: tuple[Now, ...]
    documents: tuple[Document, ...]
    reasons: tuple[Reason, ...]
    granted: Grant | None

    def proof(self, requirement: str) -> Proof | None:
        """Return what proved a requirement."""
        return next(each.proof for each in self.documents if each.requirement == requirement)

    def is_with(self, doing: str, department: str = "") -> bool:
        """Tell whether somebody is at it now."""
        return any(
            now.doing == doing
            and (not department or (now.department is not None and now.department.code == department))
            for now in self.now
        )


class Happening(CallerAnswer):
    """A line of the timeline."""

    at: datetime
    kind: str
    text: str


class Timeline(CallerAnswer):
    """What happened to an application."""

    happenings: tuple[Happening, ...]


class ToConfirm(CallerAnswer):
    """Something that waits for one's confirmation."""

    application_id: str
    applicant_name: str
    statement: str
    terms_sha256: str


class NothingToConfirmError(Exception):
    """The application does not wait for this person's confirmation: it may have been returned or decided meanwhile."""


class Confirmations(CallerAnswer):
    """Everything that waits for one's confirmation."""

    items: tuple[ToConfirm, ...]


class Notice(CallerAnswer):
    """A public notice."""

    applicant: str
    number: str
    outcome_name: str
    decided_on: date


class Notices(CallerAnswer):
    """The latest public notices."""

    items: tuple[Notice, ...]


class _Drafted(CallerAnswer):
    application_id: str


async def explain(resident: Caller, item: str, *, subject_id: str = "") -> Explained:
    """Ask before applying: may I, and what need I not bring?"""
    query = {"subject_id": subject_id} if subject_id else {}
    return await resident.get(f"/v1/items/{item}/eligibility", Explained, query)


async def draft(
    resident: Caller,
    item: str,
    form: Mapping[str, Json],
    *,
    subject_id: str = "",
    second_party_number: str = "",
) -> str:
    """Begin an application and return its id; news of a registration is given time to arrive."""
    body: dict[str, Json] = {"item": item, "form": dict(form)}
    if subject_id:
        body["subject_id"] = subject_id
    if second_party_number:
        body["second_party_number"] = second_party_number

    return (await heard_of(lambda: resident.post("/v1/applications", _Drafted, body))).application_id


async def hand_in(resident: Caller, application_id: str, requirement: str, document_type: str, scan: bytes) -> None:
    fields = {"requirement": requirement, "document_type": document_type}
    file = (f"{requirement}.png", scan, "image/png")
    await resident.upload(f"/v1/applications/{application_id}/scans", NoAnswer, file=file, fields=fields)


async def submit(resident: Caller, application_id: str) -> Seen:
    """Submit, or submit again after a return."""
    return await resident.post(f"/v1/applications/{application_id}/submission", Seen)


async def see(resident: Caller, application_id: str) -> Seen:
    return await resident.get(f"/v1/applications/{application_id}", Seen)


async def see_if_changed(resident: Caller, application_id: str, tag: str) -> tuple[Seen | None, str]:
    """Look at an application again, with the tag of what was seen; None while it is still that."""
    return await resident.get_if_changed(f"/v1/applications/{application_id}", Seen, tag)


async def timeline(resident: Caller, application_id: str) -> Timeline:
    """Read what happened."""
    return await resident.get(f"/v1/applications/{application_id}/timeline", Timeline)


async def to_confirm(resident: Caller, ward: str = "") -> Confirmations:
    """Look at what waits for one's confirmation, or a ward's."""
    return await resident.get("/v1/confirmations", Confirmations, {"resident_id": ward} if ward else {})


async def confirm(resident: Caller, application_id: str, *, agrees: bool = True, ward: str = "") -> None:
    """Answer as the second party, or for a ward who is. Raises NothingToConfirmError when it does not wait for that."""
    body: dict[str, Json] = {"agrees": False, "reason": "租期有误"}
    if agrees:
        waiting = (await to_confirm(resident, ward)).items
        terms = [it.terms_sha256 for it in waiting if it.application_id == application_id]
        if not terms:
            raise NothingToConfirmError(application_id)
        body = {"terms_sha256": terms[0]}
    if ward:
        body["resident_id"] = ward
    await resident.post(f"/v1/applications/{application_id}/confirmation", NoAnswer, body)


async def withdraw(resident: Caller, application_id: str, reason: str) -> Seen:
    return await resident.post(f"/v1/applications/{application_id}/withdrawal", Seen, {"reason": reason})


async def rate(resident: Caller, application_id: str, score: int, comment: str) -> None:
    """Say how satisfied one was."""
    body: dict[str, Json] = {"score": score, "comment": comment}
    await resident.post(f"/v1/applications/{application_id}/satisfaction", NoAnswer, body)
