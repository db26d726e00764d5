"""Rehearsing what would come of it if nobody reviewed a document type, and switching its review off and on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from applications.domain.catalogue import DocumentType
from applications.domain.decided import Decided
from applications.domain.review_switch import Heard, Proposal, Review, ReviewSwitch, Signal
from applications.domain.statistics import Rehearsed
from applications.events import ReviewSwitched
from applications.handlers.dependencies import Deps
from applications.views import CorrectionAnswered, CorrectionRequested
from bus.event import NOTHING, Outcome, Received
from runtime.errors import Conflict, NotFound, check_version
from web.auth import Principal
from web.reviewers import SignedCorrection, require_officers

PERIOD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Switch:
    """The switch of one document type."""

    document_type: DocumentType
    switch: ReviewSwitch
    now: datetime

    @property
    def version(self) -> int:
        return self.switch.version


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What automatic decisions would have done to those of a period; `cases` would have been refused, latest first."""

    document_type: DocumentType
    since: datetime
    figures: Rehearsed
    cases: Sequence[Decided]


async def as_switched(deps: Deps) -> Deps:
    """Return the needs with the catalogue as officials have switched it by now, in whichever process."""
    automatic = await deps.review_switches.automatic()
    return replace(deps, catalogue=deps.catalogue.with_automatic(automatic)) if automatic else deps


async def every(deps: Deps) -> list[Switch]:
    """Return the switches of all document types that people review by the catalogue's data."""
    types = [each for each in deps.catalogue.document_types.values() if each.review == "people"]
    return list(await asyncio.gather(*(one(each.code, deps) for each in types)))


async def one(document_type: str, deps: Deps, if_match: int | None = None) -> Switch:
    """Return one of them. Raises NotFound, Conflict, PreconditionFailed."""
    kind = _type_of(document_type, deps)
    if kind.review != "people":
        raise Conflict("review-is-automatic-by-data")
    switch = await deps.review_switches.get(document_type) or ReviewSwitch(id=document_type)
    check_version(switch.version, if_match)
    return Switch(kind, switch, deps.clock())


async def rehearse(document_type: str, before: tuple[datetime, str] | None, limit: int, deps: Deps) -> Rehearsal:
    """Look at the decisions of the last 90 days. Raises NotFound."""
    kind = _type_of(document_type, deps)
    since = deps.clock() - PERIOD
    figures, cases = await asyncio.gather(
        deps.decisions.rehearsed(document_type, since),
        deps.decisions.proven_by_people(document_type, since, before=before, limit=limit),
    )
    return Rehearsal(kind, since, figures, cases)


async def propose(
    document_type: str, review: Review, reason: str, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[Switch]:
    """Propose to switch; nothing changes yet. Raises NotFound, Conflict, PreconditionFailed."""
    found = await one(document_type, deps, if_match)
    proposal = Proposal(review=review, by=by.subject, at=found.now, reason=reason)
    return _kept(found, found.switch.proposed(proposal), deps)


async def approve(document_type: str, by: Principal, deps: Deps, *, if_match: int | None) -> Outcome[Switch]:
    """Switch as another official proposed: from the next submission on, in every process. Raises NotFound, Conflict."""
    found = await one(document_type, deps, if_match)
    return _kept(found, found.switch.approved(by.subject, found.now), deps)


async def reject(
    document_type: str, reason: str, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[Switch]:
    """Drop what was proposed. Raises NotFound, Conflict, PreconditionFailed."""
    found = await one(document_type, deps, if_match)
    return _kept(found, found.switch.rejected(by.subject, reason, found.now), deps)


async def note_dispute(event: Received[CorrectionRequested], deps: Deps) -> Outcome[None]:
    """Somebody says that a document is wrong."""
    said = event.data
    return await _hear(said.document_type, "disputes", said.holder.index, said.requested_at, deps)


async def note_answer(event: Received[CorrectionAnswered], deps: Deps) -> Outcome[None]:
    """A department answered; where it corrected the document, what rested on it was wrong."""
    said = event.data
    if said.result != "corrected":
        return NOTHING
    requests = said.signed_requests
    answer = SignedCorrection(said.correction_id, said.document_type, said.officers, requests, event.time)
    await require_officers(answer, deps.reviewers, deps.signed_requests)
    return await _hear(said.document_type, "overturned", said.holder.index, said.answered_at, deps)


async def _hear(document_type: str, kind: Signal, index: str, at: datetime, deps: Deps) -> Outcome[None]:
    switch = await deps.review_switches.get(document_type)
    if switch is None:
        return NOTHING
    heard = switch.hearing(Heard(kind=kind, index=index, at=at), deps.criterion.back, deps.clock())
    if heard is switch:
        return NOTHING
    events = [_event(heard)] if heard.review != switch.review else []
    return Outcome([deps.review_switches.save(heard)], events, case=document_type)


def _type_of(code: str, deps: Deps) -> DocumentType:
    found = deps.catalogue.document_types.get(code)
    if found is None:
        raise NotFound("unknown-document-type")
    return found


def _kept(found: Switch, changed: ReviewSwitch, deps: Deps) -> Outcome[Switch]:
    events = [_event(changed)] if changed.review != found.switch.review else []
    return Outcome([deps.review_switches.save(changed)], events, case=changed.id, result=replace(found, switch=changed))


def _event(switch: ReviewSwitch) -> ReviewSwitched:
    step = switch.history[-1]
    return ReviewSwitched(
        document_type=switch.id,
        review=switch.review,
        why=step.why,
        by=step.by,
        reason=step.reason or None,
        switched_at=step.at,
        sequence=switch.version + 1,
    )
