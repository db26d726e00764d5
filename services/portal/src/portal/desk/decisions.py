"""Deciding: approve, return, refuse, explain, correct, tell duplicates apart; then on to the next task of the queue."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from portal.desk.answers import DeskTask
from portal.desk.filters import Filter
from portal.desk.queues import go_on
from portal.desk.tasks import task_page
from portal.desk.values import corrections, pointers
from portal.frame.calls import CallRefused, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Reviewer
from portal.frame.visits import PageVisit

router = page_router()

_SAID = {"/standard_reason": "reason", "/reason": "rejection-text", "/message": "return-text", "/note": "approval-text"}


@router.post("/desk/tasks/{task_id}/approval")
async def approve(visit: Reviewer, form: Sent, task_id: str) -> Response:
    """Approve, with what the reviewer corrected and read."""
    task = await visit.call.get(f"/v1/tasks/{path_of(task_id)}", DeskTask)
    enterable = task.document.enterable if task.document else ()
    body: dict[str, Json] = {}
    if changed := corrections(form, enterable):
        body["fields"] = changed
    if until := form.text("valid_until"):
        body["valid_until"] = until
    if is_held := form.text("is_held"):
        body["is_held"] = is_held == "true"
    return await _decide(visit, form, task_id, "approval", body | _words(form, "approval", "note"), pointers(enterable))


@router.post("/desk/tasks/{task_id}/rejection")
async def reject(visit: Reviewer, form: Sent, task_id: str) -> Response:
    """Refuse, and name the fields that it is about, which the applicant reads with both values."""
    body = _words(form, "rejection", "reason")
    if chosen := form.texts("rejected-fields"):
        body["fields"] = list(chosen)
    return await _decide(visit, form, task_id, "rejection", body, {"/fields": "rejected-fields"})


@router.post("/desk/tasks/{task_id}/return")
async def send_back(visit: Reviewer, form: Sent, task_id: str) -> Response:
    """Ask the applicant to correct something; a standard reason may name what, where nothing else is chosen."""
    words = _words(form, "return", "message")
    field = form.text("field")
    if not field and words.get("standard_reason"):
        task = await visit.call.get(f"/v1/tasks/{path_of(task_id)}", DeskTask)
        listed = {each.code: each.field for each in task.standard_reasons.to_return}
        field = listed.get(str(words["standard_reason"])) or ""
    return await _decide(visit, form, task_id, "return", {"field": field, **words})


@router.post("/desk/tasks/{task_id}/explanation")
async def explain(visit: Reviewer, form: Sent, task_id: str) -> Response:
    """Explain a look that is disputed."""
    body: dict[str, Json] = {"text": form.text("explanation-text")}
    return await _decide(visit, form, task_id, "explanation", body, {"/text": "explanation-text"})


@router.post("/desk/tasks/{task_id}/correction")
async def correct(visit: Reviewer, form: Sent, task_id: str) -> Response:
    """Answer a resident who says that a value is wrong."""
    body: dict[str, Json] = {"result": form.text("result"), "explanation": form.text("correction-text")}
    if form.text("result") == "corrected" and (value := form.text("correction-value")):
        body["value"] = value
    fields = {"/explanation": "correction-text", "/value": "correction-value", "/result": "result"}
    return await _decide(visit, form, task_id, "correction", body, fields)


@router.post("/desk/tasks/{task_id}/duplicate-check")
async def tell_apart(visit: Reviewer, form: Sent, task_id: str) -> Response:
    """Tell whether a document is one that is held."""
    chosen = form.text("held")
    body: dict[str, Json] = {"result": "another" if chosen == "another" else "same" if chosen else ""}
    if chosen not in {"", "another"}:
        body["credential_id"] = chosen
    if text := form.text("duplicate-text"):
        body["note"] = text
    fields = {"/result": "held", "/credential_id": "held", "/note": "duplicate-text"}
    return await _decide(visit, form, task_id, "duplicate-check", body, fields)


async def _decide(
    visit: PageVisit,
    form: Form,
    task_id: str,
    deed: str,
    body: dict[str, Json],
    fields: Mapping[str, str] | None = None,
) -> Response:
    queue = Filter.read(form.text("queue"))
    try:
        await visit.call.post(
            f"/v1/tasks/{path_of(task_id)}/{deed}", Nothing, body, once=form.once, version=form.text("version")
        )
    except CallRefused as refused:
        places = {**_SAID, "/standard_reason": f"{deed}-reason", **(fields or {})}
        return await task_page(visit, task_id, queue, refused.problem, form, deed=deed, fields=places)
    if form.text("then") == "next":
        return await go_on(visit, queue, form.once, deed)
    return visit.go(f"{queue.address}{'&' if queue.text else '?'}done={deed}")


def _words(form: Form, deed: str, name: str) -> dict[str, Json]:
    """Return the standard reason and the reviewer's own words; each is left out where there is none."""
    said = {"standard_reason": form.text(f"{deed}-reason"), name: form.text(f"{deed}-text")}
    return {key: value for key, value in said.items() if value}
