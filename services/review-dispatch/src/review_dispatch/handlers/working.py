"""Working on a task: claim it, give it back, write on it, decide it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from messaging.event import Event, Outcome
from review_dispatch.domain import deciding, working
from review_dispatch.domain.record import Value
from review_dispatch.domain.standard_reasons import Deed, StandardReason
from review_dispatch.domain.task import Approval, DocumentReview, Task
from review_dispatch.handlers import announcing, hands
from review_dispatch.handlers.access import leads, may_work_on, require_take_over, require_work_on
from review_dispatch.handlers.accessing import accessed
from review_dispatch.handlers.needs import Deps
from runtime.access import Principal
from runtime.clock import today
from runtime.refusal import Clash, Refusal, Unknown, check_version

TAKEN_AT_ONCE = 200
"""Tasks of a colleague that are taken over with one request."""


@dataclass(frozen=True, slots=True)
class Asked:
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


async def claim(asked: Asked, deps: Deps) -> Outcome[Task]:
    """Take a task."""
    task = await find(asked, deps)
    return done(task, working.claim(task, asked.by.subject, deps.clock()), asked, deps)


async def release(asked: Asked, deps: Deps) -> Outcome[Task]:
    """Give a task back."""
    task = await find(asked, deps)
    return done(task, working.release(task, asked.by.subject, deps.clock()), asked, deps)


async def take_over(asked: Asked, reason: str, deps: Deps) -> Outcome[Task]:
    """Take a task out of a colleague's hand."""
    task = await find(asked, deps, require_take_over)
    return done(task, working.take_over(task, asked.by.subject, deps.clock(), reason), asked, deps)


async def take_over_unseen(asked: Asked, colleague: str, reason: str, deps: Deps) -> Outcome[Task]:
    """Take a task out of this colleague's hand, one of many: its values are shown when it is opened, not now."""
    task = await find(asked, deps, require_take_over)
    if task.claim is None or task.claim.by != colleague:
        raise Clash("nothing-to-take-over")
    taken = working.take_over(task, asked.by.subject, deps.clock(), reason)
    told = hands.in_hand(task, taken)
    return Outcome(changes=[deps.tasks.save(taken)], events=told, case=taken.application_id, result=taken)


async def held_by(colleague: str, by: Principal, deps: Deps) -> Sequence[Task]:
    """Return what a colleague has in hand and the caller may take over, so many at once."""
    found = await deps.tasks.in_hand_of(colleague, TAKEN_AT_ONCE)
    return [task for task in found if may_work_on(task, by) or leads(task, by)]


async def write_note(asked: Asked, text: str, deps: Deps) -> Outcome[Task]:
    """Write a note on a task."""
    task = await find(asked, deps)
    return done(task, working.write_note(task, asked.by.subject, deps.clock(), text), asked, deps)


async def approve(asked: Asked, approving: Approving, deps: Deps) -> Outcome[Task]:
    """Approve a document, confirm an address, approve an application."""
    task = await find(asked, deps)
    approved = _approved(task, asked.by.subject, approving, deps)
    return done(task, approved, asked, deps, announcing.approved(approved, deps.district.routes))


async def reject(asked: Asked, words: Words, deps: Deps) -> Outcome[Task]:
    """Refuse, for a reason that the applicant will read. Raises Refusal when it says none."""
    task = await find(asked, deps)
    standard = _standard(words, task, "rejection", deps, needed="reason")
    rejected = deciding.reject(task, asked.by.subject, deps.clock(), words.text, standard, words.fields)
    return done(task, rejected, asked, deps, announcing.rejected(rejected))


async def explain(asked: Asked, text: str, deps: Deps) -> Outcome[Task]:
    """Explain a look that is disputed, to the resident who disputes it."""
    task = await find(asked, deps)
    explained = deciding.explain(task, asked.by.subject, deps.clock(), text)
    return done(task, explained, asked, deps, announcing.answered(explained))


async def correct(asked: Asked, text: str, value: Value | None, deps: Deps) -> Outcome[Task]:
    """Answer a request for correction: the value was wrong, and this one is right."""
    task = await find(asked, deps)
    route = deps.district.routes.documents.get(task.document_type or "")
    corrected = deciding.correct(task, asked.by.subject, deps.clock(), text, value, route)
    return done(task, corrected, asked, deps, announcing.corrected(corrected))


async def refuse_correction(asked: Asked, text: str, deps: Deps) -> Outcome[Task]:
    """Answer a request for correction: the value stays."""
    task = await find(asked, deps)
    refused = deciding.refuse_correction(task, asked.by.subject, deps.clock(), text)
    return done(task, refused, asked, deps, announcing.corrected(refused))


async def send_back(asked: Asked, deps: Deps, *, field: str, words: Words) -> Outcome[Task]:
    """Ask the applicant to correct a field of the document. Raises Refusal when it does not say why."""
    task = await find(asked, deps)
    standard = _standard(words, task, "return", deps, needed="message")
    by, now = asked.by.subject, deps.clock()
    returned = deciding.send_back(task, by, now, field=field, message=words.text, standard=standard)
    return done(task, returned, asked, deps, announcing.returned(returned))


def _approved(task: Task, by: str, approving: Approving, deps: Deps) -> Task:
    now = deps.clock()
    standard = _standard(approving.words, task, "approval", deps)
    if not isinstance(task.about, DocumentReview):
        deciding.require_no_document_values(approving.fields, approving.valid_until)
        return deciding.approve(task, by, now, approving.words.text, standard)
    approval = Approval(
        by=by,
        at=now,
        fields=dict(approving.fields),
        valid_until=approving.valid_until,
        note=approving.words.text,
        standard=standard,
        is_held=approving.is_held,
    )
    route = deps.district.routes.of_document(task.about.document_type)
    return deciding.approve_document(task, approval, route, today=today(now))


def _standard(words: Words, task: Task, deed: Deed, deps: Deps, *, needed: str = "") -> StandardReason | None:
    """Look up the standard reason that is named; `needed` is the field in which one says why otherwise.

    Raises Refusal for one that is not listed for such work, and where nothing is said though it has to be.
    """
    if words.standard is None:
        if needed and words.text is None:
            raise Refusal("reason-needed", field=needed)
        return None
    listed = {each.code: each for each in deciding.reasons_for(task, deps.district.reasons).of(deed)}
    if words.standard not in listed:
        known = ", ".join(listed)
        raise Refusal("standard-reason-unknown", field="standard_reason", name=words.standard, known=known)
    return listed[words.standard]


async def find(asked: Asked, deps: Deps, require: Callable[[Task, Principal], None] = require_work_on) -> Task:
    """Read a task that the caller may work on. Raises Unknown, NotAllowed, Stale."""
    task = await deps.tasks.get(asked.task_id)
    if task is None:
        raise Unknown("no-such-task", id=asked.task_id)
    require(task, asked.by)
    check_version(task.version, asked.version)
    return task


def done(
    before: Task,
    after: Task,
    asked: Asked,
    deps: Deps,
    events: Sequence[Event] | None = None,
    *,
    more: Sequence[Event] = (),
) -> Outcome[Task]:
    """End a request: tell who has the task in hand now, and that its values were seen. `events`: it is decided."""
    if events is None:
        told = [*more, *hands.in_hand(before, after), *accessed(after, asked.by, deps)]
    else:
        told = [*events, *hands.in_hand(before, after), *accessed(before, asked.by, deps, how="worked-on")]
    return Outcome(changes=[deps.tasks.save(after)], events=told, case=after.application_id, result=after)
