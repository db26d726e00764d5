"""The second party: what waits for their confirmation, and their answer, or a guardian's for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from applications.domain import progress, submission
from applications.domain.application import Application
from applications.domain.eligibility import check_second_party, refuse_ineligible, refuse_suspended
from applications.domain.scans import HandedIn
from applications.handlers import event_map, signed_agreements
from applications.handlers.access_events import seen, seen_as_second_party
from applications.handlers.dependencies import Deps
from applications.handlers.parties import Signatory, represented, ward
from applications.handlers.review_switches import as_switched
from bus.event import Outcome
from runtime.clock import today
from runtime.errors import NotAllowed, NotFound, check_version
from web.auth import Principal

LONGEST_WAIT = timedelta(days=30)
"""How long an application waits for its second party (assumed)."""

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class ConfirmationAnswer:
    """What the second party says: whether they agree, to which terms, or why not. `resident_id` is a ward."""

    agrees: bool = True
    terms_sha256: str | None = None
    reason: str | None = None
    resident_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """An application and the hash of the terms that its second party is asked to confirm."""

    application: Application
    terms_sha256: str

    @property
    def version(self) -> int:
        """The application's."""
        return self.application.version


def last_day(application: Application) -> date | None:
    """Return the last day on which the second party can answer."""
    return today(application.submitted_at + LONGEST_WAIT) if application.submitted_at else None


async def waiting_for(
    resident_id: str | None, by: Principal, deps: Deps, *, before: str | None, limit: int
) -> Outcome[list[ToConfirm]]:
    """Show the applications that wait for the confirmation of the caller or a ward, newest first; that is told.

    Also those from before the person was registered: they name a number, by its blind index. Raises NotAllowed for
    anybody else's.
    """
    whose = resident_id or by.subject
    resident = await deps.residents.get(whose) if whose == by.subject else await ward(whose, by, deps)
    if resident is None:
        return Outcome(result=[], accesses=())
    found = await deps.applications.to_confirm(resident.index, before=before, limit=limit)
    told = [event for each in found for event in seen_as_second_party(each, [each.applicant, resident.party], by, deps)]
    shown = await asyncio.gather(*(_to_confirm(each, deps) for each in found))
    return Outcome(accesses=told, case=by.subject, result=list(shown))


async def answer(
    application_id: str, given: ConfirmationAnswer, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[ToConfirm]:
    """Confirm an application as its second party or that one's guardian, or decline, which ends it.

    What a guardian answers is told, for the ward to read. Raises NotFound.
    """
    signatory = await represented(given.resident_id, by, deps)
    application = await deps.applications.get(application_id)
    if application is None or application.second_party_index != signatory.party.index or application.state == "draft":
        raise NotFound("unknown-application")
    check_version(application.version, if_match)
    _refuse_unfit(application, signatory)
    if given.agrees:
        answered = await _confirmed(application, signatory, given.terms_sha256, by, deps)
    else:
        answered = _ended(progress.decline(application, given.reason, deps.clock()), deps)
    result, told = answered.result or application, seen(application, [signatory.party.party], by, deps, "worked-on")
    shown = await _to_confirm(result, deps)
    return Outcome(answered.changes, answered.events, application.id, shown, accesses=told)


async def give_up_waiting(deps: Deps) -> Sequence[Outcome[Application]]:
    """End what has waited too long for a second party, whether or not there is such a person."""
    unanswered = await deps.applications.unconfirmed_since(deps.clock() - LONGEST_WAIT, limit=AT_ONCE)
    return [_ended(progress.give_up_waiting(each, deps.clock()), deps) for each in unanswered]


def _refuse_unfit(application: Application, signatory: Signatory) -> None:
    """Refuse who is suspended, and an applicant who would sign for the other party, too (Civil Code, article 168)."""
    refuse_suspended(signatory.party)
    if signatory.guardian is not None:
        refuse_suspended(signatory.guardian)
        if signatory.guardian.id == application.applicant_id:
            raise NotAllowed("guardian-is-applicant", field="resident_id")


async def _confirmed(
    application: Application, signatory: Signatory, seen_terms: str | None, by: Principal, deps: Deps
) -> Outcome[Application]:
    """Take the confirmation, and only now ask for the second party's own documents."""
    deps = await as_switched(deps)
    now, item, party = deps.clock(), deps.catalogue.item(application.item), signatory.party.party
    due_on = item.promise.due(today(now), deps.calendar)
    confirmed = progress.confirm(application, party, now, due_on=due_on)
    refuse_ineligible(item, check_second_party(item, party, today=today(now)))
    signed = await signed_agreements.accept(confirmed, seen_terms, signatory, by, deps)
    handed_in = await deps.handed_in.get(application.applicant_id) or HandedIn(id=application.applicant_id)
    submitted = submission.submit_second_partys(confirmed, item, handed_in, now=now)
    result, changes, events = event_map.conclude(submitted.application, deps)
    asked = event_map.documents_submitted(submitted.application, submitted.sent, deps)
    return Outcome([*changes, *signed], [*asked, *events], application.id, result)


def _ended(answered: Application, deps: Deps) -> Outcome[Application]:
    result, changes, events = event_map.conclude(answered, deps)
    return Outcome(changes=changes, events=events, case=result.id, result=result)


async def _to_confirm(application: Application, deps: Deps) -> ToConfirm:
    agreement = await signed_agreements.of(application, deps)
    return ToConfirm(application, agreement.current.terms.digest)
