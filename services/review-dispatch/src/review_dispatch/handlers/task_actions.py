"""Working on a task: claim it, give it back, write on it, decide it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bus.event import Event, Outcome
from review_dispatch.domain import claims, decisions
from review_dispatch.domain.record import Value
from review_dispatch.domain.standard_reasons import Deed, StandardReason
from review_dispatch.domain.task import DocumentReview, Task, TaskApproval
from review_dispatch.handlers import event_map, task_claims
from review_dispatch.handlers.access import leads, may_work_on, require_take_over, require_work_on
from review_dispatch.handlers.access_events import accessed
from review_dispatch.handlers.dependencies import Deps
from runtime.clock import today
from runtime.errors import Conflict, NotFound, Refusal, check_version
from web.auth import Principal

TAKEN_AT_ONCE = 200
"""Tasks of a colleague that are taken over with one request."""


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A request about one task: by whom, and on which version (`If-Match`; None when it was not said)."""

    task_id: str
    by: Principal
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What a decision says: what the person wrote, the code of a standard reason, or both; which fields it is about."""

    text: str | None = None
    standard: str | None = None
    fields: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Approving:
    """What an approval says besides yes: corrected or filled-in fields, the end of validity, a note or reason.

    `is_held`: whether it is the document that is held; None: not said.
    """

    fields: Mapping[str, Value] = field(default_factory=dict)
    valid_until: date | None = None
    words: Words = Words()
    is_held: bool | None = None


async def claim(asked: TaskRequest, deps: Deps) -> Outcome[Task]:
    task = await find(asked, deps)
    return done(task, claims.claim(task, asked.by.subject, deps.clock()), asked, deps)


async def release(asked: TaskRequest, deps: Deps) -> Outcome[Task]:
    task = await find(asked, deps)
    return done(task, claims.release(task, asked.by.subject, deps.clock()), asked, deps)


async def take_over(asked: TaskRequest, reason: str, deps: Deps) -> Outcome[Task]:
    """Take a task out of a colleague's hand."""
    task = await find(asked, deps, require_take_over)
    return done(task, claims.take_over(task, asked.by.subject, deps.clock(), reason), asked, deps)


async def take_over_unseen(asked: TaskRequest, colleague: str, reason: str, deps: Deps) -> Outcome[Task]:
    """Take a task out of this colleague's hand, one of many: its values are shown when it is opened, not now."""
    task = await find(asked, deps, require_take_over)
    if task.claim is None or task.claim.by != colleague:
        raise Conflict("nothing-to-take-over")
    taken = claims.take_over(task, asked.by.subject, deps.clock(), reason)
    told = task_claims.in_hand(task, taken)
    return Outcome(changes=[deps.tasks.save(taken)], events=told, case=taken.application_id, result=taken)


async def held_by(colleague: str, by: Principal, deps: Deps) -> Sequence[Task]:
    """Return what a colleague has in hand and the caller may take over, so many at once."""
    found = await deps.tasks.in_hand_of(colleague, TAKEN_AT_ONCE)
    return [task for task in found if may_work_on(task, by) or leads(task, by)]


async def write_note(asked: TaskRequest, text: str, deps: Deps) -> Outcome[Task]:
    task = await find(asked, deps)
    return done(task, claims.write_note(task, asked.by.subject, deps.clock(), text), asked, deps)


async def approve(asked: TaskRequest, approving: Approving, deps: Deps) -> Outcome[Task]:
    """Approve a document, confirm an address, approve an application."""
    task = await find(asked, deps)
    approved = _approved(task, asked.by, approving, deps)
    return done(task, approved, asked, deps, event_map.approved(approved, deps.district.routes, asked.by.signed))


async def reject(asked: TaskRequest, words: Words, deps: Deps) -> Outcome[Task]:
    """Refuse, for a reason that the applicant will read. Raises Refusal when it says none."""
    task = await find(asked, deps)
    standard = _standard(words, task, "rejection", deps, needed="reason")
    rejected = decisions.reject(task, asked.by.subject, deps.clock(), words.text, standard, words.fields)
    return done(task, rejected, asked, deps, event_map.rejected(rejected, asked.by.signed))


async def explain(asked: TaskRequest, text: str, deps: Deps) -> Outcome[Task]:
    """Explain a look that is disputed, to the resident who disputes it."""
    task = await find(asked, deps)
    explained = decisions.explain(task, asked.by.subject, deps.clock(), text)
    return done(task, explained, asked, deps, event_map.answered(explained))


async def correct(asked: TaskRequest, text: str, value: Value | None, deps: Deps) -> Outcome[Task]:
    """Answer a request for correction: the value was wrong, and this one is right."""
    task = await find(asked, deps)
    route = deps.district.routes.documents.get(task.document_type or "")
    answer = _said(asked.by, text, deps)
    corrected = decisions.correct(task, answer, value, route)
    return done(task, corrected, asked, deps, event_map.corrected(corrected))


async def refuse_correction(asked: TaskRequest, text: str, deps: Deps) -> Outcome[Task]:
    """Answer a request for correction: the value stays."""
    task = await find(asked, deps)
    refused = decisions.refuse_correction(task, asked.by.subject, deps.clock(), text)
    return done(task, refused, asked, deps, event_map.corrected(refused))


async def send_back(asked: TaskRequest, deps: Deps, *, field: str, words: Words) -> Outcome[Task]:
    """Ask the applicant to correct a field of the document. Raises Refusal when it does not say why."""
    task = await find(asked, deps)
    standard = _standard(words, task, "return", deps, needed="message")
    by, now = asked.by.subject, deps.clock()
    returned = decisions.send_back(task, by, now, field=field, message=words.text, standard=standard)
    return done(task, returned, asked, deps, event_map.returned(returned, asked.by.signed))


def _approved(task: Task, by: Principal, approving: Approving, deps: Deps) -> Task:
    now = deps.clock()
    standard = _standard(approving.words, task, "approval", deps)
    if not isinstance(task.about, DocumentReview):
        decisions.require_no_document_values(approving.fields, approving.valid_until)
        return decisions.approve(task, by.subject, now, approving.words.text, standard)
    said = {
        "fields": dict(approving.fields),
        "valid_until": approving.valid_until,
        "standard": standard,
        "is_held": approving.is_held,
    }
    approval = _said(by, approving.words.text, deps).model_copy(update=said)
    route = deps.district.routes.of_document(task.about.document_type)
    return decisions.approve_document(task, approval, route, today=today(now))


def _said(by: Principal, note: str | None, deps: Deps) -> TaskApproval:
    """Return an approval without any value yet."""
    return TaskApproval(by=by.subject, at=deps.clock(), fields={}, valid_until=None, note=note, signed=by.signed)


def _standard(words: Words, task: Task, deed: Deed, deps: Deps, *, needed: str = "") -> StandardReason | None:
    """Look up the standard reason that is named; `needed` is the field in which one says why otherwise.

    Raises Refusal for one that is not listed for such work, and where nothing is said though it has to be.
    """
    if words.standard is None:
        if needed and words.text is None:
            raise Refusal("reason-needed", field=needed)
        return None
    listed = {each.code: each for each in decisions.reasons_for(task, deps.district.reasons).of(deed)}
    if words.standard not in listed:
        known = ", ".join(listed)
        raise Refusal("standard-reason-unknown", field="standard_reason", name=words.standard, known=known)
    return listed[words.standard]


async def find(asked: TaskRequest, deps: Deps, require: Callable[[Task, Principal], None] = require_work_on) -> Task:
    """Read a task that the caller may work on. Raises NotFound, NotAllowed, PreconditionFailed."""
    task = await deps.tasks.get(asked.task_id)
    if task is None:
        raise NotFound("no-such-task", id=asked.task_id)
    require(task, asked.by)
    check_version(task.version, asked.version)
    return task


def done(
    before: Task,
    after: Task,
    asked: TaskRequest,
    deps: Deps,
    events: Sequence[Event] | None = None,
    *,
    more: Sequence[Event] = (),
) -> Outcome[Task]:
    """End a request: tell who has the task in hand now, and that its values were seen. `events`: it is decided."""
    told = accessed(after, asked.by, deps) if events is None else accessed(before, asked.by, deps, how="worked-on")
    return Outcome(
        changes=[deps.tasks.save(after)],
        events=[*(more if events is None else events), *task_claims.in_hand(before, after)],
        case=after.application_id,
        result=after,
        accesses=told,
    )
