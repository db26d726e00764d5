"""Filling in: one question a page, what government holds, scans where they help, a page to check, and sending it.

The same pages serve an application that was returned: only what is to be corrected is asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal.frame.calls import Json, Nothing, Problem, Refused
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.rendering import path_of, query
from portal.frame.visits import Visit
from portal.resident.answers import Application, Evidence, Item, Prefilled, Question, RequirementHeld, Value
from portal.resident.credentials import written
from portal.resident.visitors import Resident

router = page_router()

EVIDENCE, CHECK = "evidence", "check"
_AT_MOST = 20
"""Files of one form."""
_EXACT = 15
"""Digits of a whole number that every reader of JSON takes for the same."""


@dataclass(frozen=True)
class Draft:
    """An application that is being filled in, its item, and what government holds for it (None: not to be had now)."""

    application: Application
    item: Item
    evidence: Evidence | None

    @property
    def address(self) -> str:
        """The address below which its pages are."""
        return f"/my/applications/{path_of(self.application.application_id)}"

    @property
    def unanswered(self) -> list[Question]:
        """The questions that nothing answers yet."""
        known = set(self.application.form) | {each.field for each in self.application.prefilled}
        return [each for each in self.item.form if each.key not in known]

    @property
    def prefilled(self) -> Mapping[str, Prefilled]:
        """What answers a question where the applicant does not, by question."""
        return {each.field: each for each in self.application.prefilled}

    @property
    def declined(self) -> frozenset[tuple[str, str]]:
        """Which records may not be used: requirement and evidence id."""
        return frozenset(
            (each.requirement, each.evidence_id) for each in self.application.evidence if each.choice == "decline"
        )

    def is_held(self, asked: RequirementHeld) -> bool:
        """Tell whether what is held, and may be used, proves a requirement."""
        used = [each for each in asked.held if (asked.requirement, each.evidence_id) not in self.declined]
        return asked.proven and any(each.standing == "valid" for each in used)

    @property
    def helped_by_scans(self) -> list[RequirementHeld]:
        """The requirements that nothing proves and for which nothing was handed in."""
        handed_in = {each.requirement for each in self.application.scans}
        asked = self.evidence.requirements if self.evidence else ()
        return [each for each in asked if not self.is_held(each) and each.requirement not in handed_in]

    def step_after(self, done: str) -> str:
        """Return the page after a step (none: the first): the next that is open still, the check at last."""
        asked = self.evidence.requirements if self.evidence else ()
        steps = [
            *(_question_step(each.key) for each in self.item.form),
            EVIDENCE,
            *(_document_step(each.requirement) for each in asked),
            CHECK,
        ]
        still_open = {
            *(_question_step(each.key) for each in self.unanswered),
            *((EVIDENCE,) if any(each.held for each in asked) else ()),
            *(_document_step(each.requirement) for each in self.helped_by_scans),
            CHECK,
        }
        begin = steps.index(done) + 1 if done in steps else 0
        return f"{self.address}/{next((each for each in steps[begin:] if each in still_open), CHECK)}"


def _question_step(key: str) -> str:
    return f"questions/{path_of(key)}"


def _document_step(requirement: str) -> str:
    return f"documents/{path_of(requirement)}"


async def draft_of(visit: Visit, application_id: str) -> Draft:
    """Read an application that may be changed. Raises Refused, Away; HTTPException for one that may not."""
    application = await visit.call.get(f"/v1/applications/{path_of(application_id)}", Application)
    if not application.is_open_to_change:
        raise HTTPException(404)
    own = application.subject.resident_id == application.applicant.resident_id
    item, evidence = await asyncio.gather(
        visit.call.get(f"/v1/items/{path_of(application.item.code)}", Item),
        visit.part(
            visit.call.get(
                "/v1/evidence",
                Evidence,
                item=application.item.code,
                subject_id=None if own else application.subject.resident_id,
            )
        ),
    )
    return Draft(application, item, evidence)


@router.get("/my/applications/{application_id}/next")
async def go_on(visit: Resident, application_id: str, after: str = "") -> Response:
    """Go to the first thing that is still to do; save and go on elsewhere is no more than coming back here."""
    return visit.go((await draft_of(visit, application_id)).step_after(after))


@router.get("/my/applications/{application_id}/questions/{key}")
async def ask(visit: Resident, application_id: str, key: str, then: str = "") -> Response:
    """Ask one question."""
    return await _question(visit, application_id, key, then)


async def _question(
    visit: Visit, application_id: str, key: str, then: str, problem: Problem | None = None, form: Form | None = None
) -> Response:
    draft = await draft_of(visit, application_id)
    question = next((each for each in draft.item.form if each.key == key), None)
    if question is None:
        raise HTTPException(404)
    prefilled = draft.prefilled.get(key)
    given = draft.application.form.get(key, prefilled.value if prefilled else None)
    returned = [now for now in draft.application.now if now.field is not None and now.field.code == key]
    return visit.show(
        "resident/question.html",
        problem=problem,
        filled=form.filled if form else None,
        here="applications",
        draft=draft,
        question=question,
        prefilled=prefilled,
        value=_written(given),
        returned=returned,
        then=then,
    )


@router.post("/my/applications/{application_id}/questions/{key}")
async def answer(visit: Resident, form: Sent, application_id: str, key: str) -> Response:
    """Keep an answer, and go on."""
    then = form.text("then")
    body: dict[str, Json] = {"form": {key: _value(form.text("type"), form.text(key))}}
    try:
        await visit.call.patch(
            f"/v1/applications/{path_of(application_id)}",
            Nothing,
            body,
            once=form.once,
            version=f'"{form.text("version")}"',
        )
    except Refused as refused:
        return await _question(visit, application_id, key, then, refused.problem, form)
    return visit.go(_after(application_id, then, _question_step(key)))


@router.get("/my/applications/{application_id}/evidence")
async def show_evidence(visit: Resident, application_id: str, then: str = "") -> Response:
    """Show what government holds for the item: each value, from whom, and whether it is to be used."""
    return await _evidence(visit, application_id, then)


async def _evidence(visit: Visit, application_id: str, then: str, problem: Problem | None = None) -> Response:
    draft = await draft_of(visit, application_id)
    return visit.show("resident/evidence.html", problem=problem, here="applications", draft=draft, then=then)


@router.post("/my/applications/{application_id}/evidence")
async def choose(visit: Resident, form: Sent, application_id: str) -> Response:
    """Keep what may be used: a record that is declined is answered by a scan or a person."""
    chosen: dict[str, Json] = {}
    for name in form.fields:
        requirement, mark, evidence_id = name.partition("/")
        if mark and form.text(name) in {"use", "decline"}:
            choices = chosen.setdefault(requirement, {})
            assert isinstance(choices, dict)  # noqa: S101 - made above
            choices[evidence_id] = form.text(name)
    try:
        if chosen:
            await visit.call.patch(
                f"/v1/applications/{path_of(application_id)}",
                Nothing,
                {"evidence": chosen},
                once=form.once,
                version=f'"{form.text("version")}"',
            )
    except Refused as refused:
        return await _evidence(visit, application_id, form.text("then"), refused.problem)
    return visit.go(_after(application_id, form.text("then"), EVIDENCE))


@router.get("/my/applications/{application_id}/documents/{requirement}")
async def show_document(visit: Resident, application_id: str, requirement: str, then: str = "") -> Response:
    """Show what was handed in for a document, and take more: photographs, several pages, files."""
    return await _document(visit, application_id, requirement, then)


async def _document(
    visit: Visit, application_id: str, requirement: str, then: str, problem: Problem | None = None
) -> Response:
    draft = await draft_of(visit, application_id)
    asked = next((each for each in draft.item.requirements if each.key == requirement), None)
    if asked is None:
        raise HTTPException(404)
    scans = [each for each in draft.application.scans if each.requirement == requirement]
    fields = {"/file": "file", "/document_type": "document_type"}
    return visit.show(
        "resident/document.html",
        problem=problem,
        fields=fields,
        here="applications",
        draft=draft,
        asked=asked,
        scans=scans,
        returned=[now for now in draft.application.now if now.requirement == requirement],
        then=then,
    )


@router.post("/my/applications/{application_id}/documents/{requirement}")
async def hand_in(visit: Resident, form: Sent, application_id: str, requirement: str) -> Response:
    """Hand in what was chosen or photographed, one after the other; what was taken stays taken when one is refused."""
    then, fields = form.text("then"), {"requirement": requirement, "document_type": form.text("document_type")}
    files = form.uploads("file")
    if not files:
        nothing = Problem(status=422, title=visit.t("resident.document.none-chosen"))
        return await _document(visit, application_id, requirement, then, nothing)
    for number, file in enumerate(files[:_AT_MOST]):
        sent = (file.filename or "scan", await file.read(), file.content_type or "application/octet-stream")
        try:
            path = f"/v1/applications/{path_of(application_id)}/scans"
            await visit.call.upload(path, Nothing, sent, fields, once=f"{form.once}-{number}")
        except Refused as refused:
            return await _document(visit, application_id, requirement, then, refused.problem)
    back = f"/my/applications/{path_of(application_id)}/documents/{path_of(requirement)}"
    return visit.go(back + query(then=then, done="handed-in"))


@router.post("/my/applications/{application_id}/scans/{scan_id}/removal")
async def take_back(visit: Resident, form: Sent, application_id: str, scan_id: str) -> Response:
    """Take back a scan that was not sent yet."""
    await visit.call.send("DELETE", f"/v1/applications/{path_of(application_id)}/scans/{path_of(scan_id)}")
    return visit.go(form.page)


@router.get("/my/applications/{application_id}/scans/{scan_id}")
async def look_at_scan(visit: Resident, application_id: str, scan_id: str) -> Response:
    """Show a scan as it was kept."""
    found = await visit.call.send("GET", f"/v1/applications/{path_of(application_id)}/scans/{path_of(scan_id)}")
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline"}
    return Response(found.content, media_type=found.headers["content-type"], headers=headers)


@router.get("/my/applications/{application_id}/check")
async def check(visit: Resident, application_id: str) -> Response:
    """Show all answers before they are sent."""
    return await _check(visit, application_id)


async def _check(visit: Visit, application_id: str, problem: Problem | None = None) -> Response:
    draft = await draft_of(visit, application_id)
    return visit.show(
        "resident/check.html",
        problem=problem,
        here="applications",
        draft=draft,
        shown={each.key: _shown(visit, each, draft) for each in draft.item.form},
    )


@router.post("/my/applications/{application_id}/submission")
async def submit(visit: Resident, form: Sent, application_id: str) -> Response:
    """Send it."""
    path = f"/v1/applications/{path_of(application_id)}"
    try:
        await visit.call.post(f"{path}/submission", Nothing, once=form.once, version=f'"{form.text("version")}"')
    except Refused as refused:
        return await _check(visit, application_id, refused.problem)
    return visit.go(f"/my/applications/{path_of(application_id)}?done=submitted")


def _after(application_id: str, then: str, done: str) -> str:
    """Return where to go after a step: back to the page that sent here, or on."""
    address = f"/my/applications/{path_of(application_id)}"
    return {"check": f"{address}/check", "application": address}.get(then, f"{address}/next{query(after=done)}")


def _written(value: Value) -> str:
    """Return an answer as its field shows it."""
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _shown(visit: Visit, question: Question, draft: Draft) -> str:
    """Return what answers a question, as people read it."""
    prefilled = draft.prefilled.get(question.key)
    value = draft.application.form.get(question.key, prefilled.value if prefilled else None)
    return next((each.label for each in question.choices if each.value == value), "") or written(visit, value)


def _value(kind: str, text: str) -> Json:
    """Return an answer as the interface takes it; what is no number is left for the service to explain."""
    if not text:
        return None
    if kind == "integer":
        return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) <= _EXACT else text
    if kind == "boolean":
        return text == "true"
    if kind == "names":
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text
