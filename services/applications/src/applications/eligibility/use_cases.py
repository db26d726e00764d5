"""Judging the whole catalogue for whoever is signed in, or for a child of theirs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from applications.domain.people import KnownResident
from applications.domain.scans import HandedIn
from applications.eligibility.model import CheckedPerson, JudgedItem, judge_all
from applications.handlers.access_events import AccessSubject, accessed
from applications.handlers.dependencies import Deps
from applications.handlers.parties import KnownParties, acting, holdings_of, ward
from bus.event import Outcome
from runtime.clock import today
from web.presences import PresentCaller


@dataclass(frozen=True, slots=True)
class Survey:
    """For whom the items were judged, and every item."""

    person: KnownResident
    items: tuple[JudgedItem, ...]


async def survey(subject_id: str | None, by: PresentCaller, deps: Deps) -> Outcome[Survey]:
    """Judge every item for the resident or, which the child can read, for a child of theirs; a helper's look is told.

    Raises NotAllowed for anybody else's child, and for a child that there is not.
    """
    applicant = await acting(by.resident, deps)
    is_child = subject_id is not None and subject_id != applicant.id
    subject = await ward(subject_id, by.resident, deps, field="subject_id") if subject_id and is_child else applicant
    people = KnownParties(applicant, subject, None, guardian=is_child)
    holdings, handed_in = await asyncio.gather(holdings_of(people, deps), deps.handed_in.get(applicant.id))
    residents = {"applicant": applicant, "subject": subject}
    person = CheckedPerson(
        parties=people.parties,
        suspended=frozenset(role for role in people.parties if residents[role].suspended),
        holdings=holdings,
        handed_in=handed_in or HandedIn(id=applicant.id),
        is_child=is_child,
        is_helped=by.helper is not None,
    )
    items = judge_all(deps.catalogue.items.values(), person, today(deps.clock()))
    types = dict.fromkeys(code for each in items for asked in each.asked for code in asked.any_of)
    about = AccessSubject(None, None)
    told = accessed(
        about, [applicant.party, subject.party], by.eyes, deps, how="viewed", what="evidence", types=list(types)
    )
    return Outcome(accesses=told, case=subject.id, result=Survey(subject, items))
