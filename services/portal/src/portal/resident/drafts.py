"""Filling in: one question a page, what government holds, scans where they help, a page to check, and sending it.

The same pages serve an application that was returned: only what is to be corrected is asked for again. A window and a
terminal show them for the person who stands there. Who may come in, and where these pages are, says the place.
"""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayProblem, InputFault, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visitors import Anybody
from portal.frame.visits import PageVisit
from portal.resident.answers import OwnEvidence
from portal.resident.catalogue_answers import Question, Value
from portal.resident.credentials import written
from portal.resident.draft import Draft, address_of, document_step, draft_and, draft_of, draft_with_needs, question_step
from portal.resident.uploads import PIECE, Chosen, Unfinished, hand_over, uploads_of

router = page_router()

EVIDENCE, CHECK = "evidence", "check"
_AT_MOST = 20
"""Files of one form."""
_CHOSEN = frozenset({"choice", "boolean"})
"""Types of questions that are answered by choosing."""
_EXACT = 15
"""Digits of a whole number that every reader of JSON takes for the same."""


@router.get("/applications/{application_id}/next")
async def go_on(visit: Anybody, application_id: str, after: str = "") -> Response:
    """Go to what is still to do: questions, what is held, scans, the check. To go on elsewhere is to come back here."""
    if not after or after.startswith("questions"):
        draft = await draft_of(visit, application_id)
        return visit.go(draft.question_after(after) or f"{draft.address}/{EVIDENCE}")
    draft = await draft_with_needs(visit, application_id)
    if after.startswith(EVIDENCE):  # a record that is declined answers no question any more
        question = draft.question_after(after.removeprefix(f"{EVIDENCE}/"), required=True)
        if question:
            return visit.go(f"{question}{query(then=EVIDENCE)}")
    document = draft.document_after(after) if visit.can_hand_in else None
    return visit.go(document or f"{draft.address}/{CHECK}")


@router.get("/applications/{application_id}/questions/{key}")
async def ask(visit: Anybody, application_id: str, key: str, then: str = "") -> Response:
    """Ask one question."""
    return await _question(visit, application_id, key, then)


async def _question(
    visit: PageVisit,
    application_id: str,
    key: str,
    then: str,
    problem: GatewayProblem | None = None,
    form: Form | None = None,
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


@router.post("/applications/{application_id}/questions/{key}")
async def answer(visit: Anybody, form: Sent, application_id: str, key: str) -> Response:
    """Keep an answer, and go on."""
    then = form.text("then")
    value = _value(form.text("type"), form.text(key))
    if form.text("required") and value in (None, []):
        return await _question(visit, application_id, key, then, _unanswered(visit, form, key), form)
    body: dict[str, Json] = {"form": {key: value}}
    try:
        await visit.call.patch(
            f"/v1/applications/{path_of(application_id)}",
            Nothing,
            body,
            once=form.once,
            version=f'"{form.text("version")}"',
        )
    except CallRefused as refused:
        return await _question(visit, application_id, key, then, refused.problem, form)
    return visit.go(_after(visit, application_id, then, question_step(key)))


def _unanswered(visit: PageVisit, form: Form, key: str) -> GatewayProblem:
    """Say that a question must be answered; the service would say so only when all is submitted."""
    said = visit.t(f"resident.question.{'unchosen' if form.text('type') in _CHOSEN else 'unanswered'}")
    return GatewayProblem(
        status=422, title=visit.t("frame.problem"), errors=(InputFault(pointer=f"#/{key}", detail=said),)
    )


@router.get("/applications/{application_id}/evidence")
async def show_evidence(visit: Anybody, application_id: str, then: str = "") -> Response:
    """Show what government holds for the item: each value, from whom, and whether it is to be used."""
    return await _evidence(visit, application_id, then)


async def _evidence(
    visit: PageVisit, application_id: str, then: str, problem: GatewayProblem | None = None
) -> Response:
    draft, found = await draft_and(visit, application_id, partial(_held, visit))
    return visit.show(
        "resident/evidence.html",
        problem=problem,
        here="applications",
        draft=draft,
        evidence=found,
        said=lambda text: written(visit, text),
        then=then,
    )


async def _held(visit: PageVisit, item: str, child: str) -> OwnEvidence | None:
    return await visit.part(visit.call.get("/v1/evidence", OwnEvidence, item=item, subject_id=child or None))


@router.post("/applications/{application_id}/evidence")
async def choose(visit: Anybody, form: Sent, application_id: str) -> Response:
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
    except CallRefused as refused:
        return await _evidence(visit, application_id, form.text("then"), refused.problem)
    return visit.go(_after(visit, application_id, form.text("then"), EVIDENCE))


@router.get("/applications/{application_id}/documents/{requirement}")
async def show_document(visit: Anybody, application_id: str, requirement: str, then: str = "") -> Response:
    """Show what was handed in for a document, and take more: photographs, several pages, files."""
    return await _document(visit, application_id, requirement, then)


async def _document(
    visit: PageVisit, application_id: str, requirement: str, then: str, problem: GatewayProblem | None = None
) -> Response:
    draft, unfinished = await asyncio.gather(
        draft_of(visit, application_id), visit.part(visit.call.get(uploads_of(application_id), Unfinished))
    )
    asked = next((each for each in draft.item.requirements if each.key == requirement), None)
    if asked is None:
        raise HTTPException(404)
    fields = {"/file": "file", "/size": "file", "/document_type": "document_type"}
    return visit.show(
        "resident/document.html",
        problem=problem,
        fields=fields,
        here="applications",
        draft=draft,
        asked=asked,
        scans=draft.scans_of(requirement),
        unfinished=[each for each in unfinished.items if each.requirement == requirement] if unfinished else [],
        piece=PIECE,
        returned=[now for now in draft.application.now if now.requirement == requirement],
        then=then,
    )


@router.post("/applications/{application_id}/documents/{requirement}")
async def hand_in(visit: Anybody, form: Sent, application_id: str, requirement: str) -> Response:
    """Hand in what was chosen or photographed, one after the other; what was taken stays taken when one is refused."""
    then = form.text("then")
    files = (*form.uploads("photo"), *form.uploads("file"))
    if not files:
        fault = InputFault(pointer="#/file", detail=visit.t("resident.document.none-chosen"))
        nothing = GatewayProblem(status=422, title=visit.t("frame.problem"), errors=(fault,))
        return await _document(visit, application_id, requirement, then, nothing)
    for number, file in enumerate(files[:_AT_MOST]):
        chosen = Chosen(requirement, form.text("document_type"), file.filename or "scan", await file.read())
        try:
            await hand_over(visit, application_id, chosen, once=f"{form.once}-{number}")
        except CallRefused as refused:
            return await _document(visit, application_id, requirement, then, refused.problem)
    back = f"{address_of(visit, application_id)}/{document_step(requirement)}"
    return visit.go(back + query(then=then, done="handed-in"))


@router.post("/applications/{application_id}/scans/{scan_id}/removal")
async def take_back(visit: Anybody, form: Sent, application_id: str, scan_id: str) -> Response:
    """Take back a scan that was not sent yet."""
    await visit.call.send("DELETE", f"/v1/applications/{path_of(application_id)}/scans/{path_of(scan_id)}")
    return visit.go(form.page)


@router.get("/applications/{application_id}/scans/{scan_id}")
async def look_at_scan(visit: Anybody, application_id: str, scan_id: str) -> Response:
    """Show a scan as it was kept."""
    found = await visit.call.send("GET", f"/v1/applications/{path_of(application_id)}/scans/{path_of(scan_id)}")
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline"}
    return Response(found.content, media_type=found.headers["content-type"], headers=headers)


@router.get("/applications/{application_id}/check")
async def check(visit: Anybody, application_id: str) -> Response:
    """Show all answers before they are sent."""
    return await _check(visit, application_id)


async def _check(visit: PageVisit, application_id: str, problem: GatewayProblem | None = None) -> Response:
    draft = await draft_with_needs(visit, application_id)
    return visit.show(
        "resident/check.html",
        problem=problem,
        here="applications",
        draft=draft,
        shown={each.key: _shown(visit, each, draft) for each in draft.item.form},
    )


@router.post("/applications/{application_id}/submission")
async def submit(visit: Anybody, form: Sent, application_id: str) -> Response:
    path = f"/v1/applications/{path_of(application_id)}"
    try:
        await visit.call.post(f"{path}/submission", Nothing, once=form.once, version=f'"{form.text("version")}"')
    except CallRefused as refused:
        return await _check(visit, application_id, refused.problem)
    return visit.go(f"{address_of(visit, application_id)}?done=submitted")


def _after(visit: PageVisit, application_id: str, then: str, done: str) -> str:
    """Return where to go after a step: back to the page that sent here, or on."""
    address = address_of(visit, application_id)
    if then == EVIDENCE:
        done = f"{EVIDENCE}/{done}"
    return {"check": f"{address}/check", "application": address}.get(then, f"{address}/next{query(after=done)}")


def _written(value: Value) -> str:
    """Return an answer as its field shows it."""
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _shown(visit: PageVisit, question: Question, draft: Draft) -> str:
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
