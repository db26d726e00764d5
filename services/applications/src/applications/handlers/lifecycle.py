"""Applying: draft, change, submit, and withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from applications.domain import evidence_choices, progress, submission
from applications.domain.application import Application
from applications.domain.form import check_draft
from applications.domain.inquiry_code import new_code
from applications.domain.presence import Helper
from applications.domain.record import Value
from applications.domain.scans import HandedIn, KeptScan, refuse_unchangeable
from applications.domain.submission import KnownFacts, Submission
from applications.handlers import event_map, signed_agreements
from applications.handlers.dependencies import Deps
from applications.handlers.parties import (
    NamedParty,
    as_known_now,
    holdings_of,
    owned,
    people_named,
    people_of,
    refuse_unentitled,
)
from applications.handlers.review_switches import as_switched
from bus import event
from bus.event import Outcome
from runtime.clock import today
from runtime.errors import Conflict, Refusal, check_version
from runtime.ids import new_id
from web.auth import Principal

MOST_DRAFTS = 20
"""Drafts that one applicant may have at once: each takes room until it is submitted, withdrawn, or its term ends."""


@dataclass(frozen=True, slots=True)
class NewApplication:
    """What an application begins with."""

    item: str
    named: NamedParty
    form: Mapping[str, Value]
    helper: Helper | None = None


async def draft(new: NewApplication, by: Principal, deps: Deps) -> Outcome[Application]:
    """Begin an application. Who may not apply learns it now, not after filling in a form."""
    item = deps.catalogue.item(new.item)
    people = await people_named(item, new.named, by, deps)
    refuse_unentitled(item, people, deps)
    if new.helper is not None and item.second_party is not None:
        raise Refusal("helped-needs-own-sign-in", field="item", **item.names)
    await _refuse_too_many(people.applicant.id, deps)
    now = deps.clock()
    check_draft(item, new.form, today=today(now))
    id_ = new_id("app")
    application = Application(
        id=id_,
        reference=_reference(id_, now),
        item=item.code,
        applicant_id=people.applicant.id,
        subject_id=people.subject.id,
        applicant=people.applicant.party,
        subject=people.subject.party,
        second_party_index=people.second_party_index,
        form=new.form,
        helper=new.helper,
        created_at=now,
        inquiry_code=new_code(),
    )
    return Outcome(changes=[deps.applications.save(application)], result=application)


async def _refuse_too_many(applicant_id: str, deps: Deps) -> None:
    open_ones = await deps.applications.of_applicant(
        applicant_id, before=None, limit=MOST_DRAFTS, state="draft", item=None
    )
    if len(open_ones) >= MOST_DRAFTS:
        raise Conflict("too-many-drafts", most=MOST_DRAFTS)


@dataclass(frozen=True, slots=True)
class ApplicationChange:
    """What is to be changed: answers of the form, and what of the evidence may be used; None takes one away."""

    form: Mapping[str, Value | None]
    evidence: evidence_choices.Changes = field(default_factory=dict)


async def change(
    application_id: str, change: ApplicationChange, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[Application]:
    """Change answers and choices, in a draft or after a return."""
    deps = await as_switched(deps)
    application = await owned(application_id, by, deps)
    check_version(application.version, if_match)
    refuse_unchangeable(application)
    merged = {**application.form, **change.form}
    kept = {key: value for key, value in merged.items() if value is not None}
    item = deps.catalogue.item(application.item)
    check_draft(item, kept, today=today(deps.clock()))
    evidence = evidence_choices.chosen(application.evidence, change.evidence, item, deps.catalogue)
    changed = application.model_copy(update={"form": kept, "evidence": evidence})
    return Outcome(changes=[deps.applications.save(changed)], result=changed)


async def submit(application_id: str, by: Principal, deps: Deps, *, if_match: int | None) -> Outcome[Application]:
    """Submit a draft, or a returned application again."""
    deps = await as_switched(deps)
    application = await owned(application_id, by, deps)
    check_version(application.version, if_match)
    refuse_unchangeable(application)
    item = deps.catalogue.item(application.item)
    people = await people_of(application, deps)
    refuse_unentitled(item, people, deps)
    evidence_choices.refuse_unanswerable(application.evidence, item, deps.catalogue)
    handed_in = await deps.handed_in.get(by.subject) or HandedIn(id=by.subject)
    present = as_known_now(application, people)
    known = KnownFacts(handed_in, await holdings_of(people, deps))
    submitted = submission.submit(present, item, known, now=deps.clock(), calendar=deps.calendar)
    result, changes, events = event_map.conclude(submitted.application, deps)
    offered = await signed_agreements.offer(submitted.application, by, deps)
    return Outcome(
        changes=[*changes, *offered, *_kept(handed_in, submitted, deps)],
        events=[*event_map.submitted(submitted.application, submitted.sent, deps), *events],
        case=application.id,
        result=result,
    )


async def withdraw(
    application_id: str, reason: str | None, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[Application]:
    """Withdraw an application; nobody has to be told about a mere draft."""
    application = await owned(application_id, by, deps)
    check_version(application.version, if_match)
    ended = progress.withdraw(application, reason, deps.clock())
    events = [] if application.state == "draft" else [event_map.withdrawn(ended, reason)]
    return Outcome(changes=[deps.applications.save(ended)], events=events, case=application.id, result=ended)


def _reference(id_: str, now: datetime) -> str:
    """Return the number under which people speak of an application: its day and eight characters of its id."""
    return f"{today(now):%Y%m%d}{id_[-8:].upper()}"


def _kept(handed_in: HandedIn, submitted: Submission, deps: Deps) -> list[event.Change]:
    """Remember scans that were handed in for the first time, so that no other item asks for them again."""
    before, known = handed_in, {kept.scan.id for kept in handed_in.kept}
    for sent in submitted.sent:
        for scan in sent.scans:
            if scan.id not in known:
                handed_in = handed_in.adding(KeptScan(scan=scan, holder_index=sent.holder.index))
    return [] if handed_in is before else [deps.handed_in.save(handed_in)]
