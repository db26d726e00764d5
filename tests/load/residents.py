"""The residents of a run: each household takes its cases one after the other, as people would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from synthetic.caller import Caller, ProblemError
from synthetic.households import Household
from synthetic.people import SyntheticPerson
from tests.journeys import portal, scans
from tests.journeys.portal import Explained, Named, Seen
from tests.journeys.waiting import StillWaitingError, until
from tests.load.cases import Case, Visit, answer
from tests.load.forms import form_for

DEADLINE = 900.0
"""Seconds after which a case that nobody has decided counts as lost."""

FINAL = frozenset({"approved", "rejected"})
FIRST_LOOK, LAST_PAUSE = 1.2, 2.5
"""Seconds until a person looks again: at first, and at most."""


@dataclass
class Hall:
    """What the people of a run share: signing in, the seed of their answers, and who watches the progress."""

    sign_in: Callable[[SyntheticPerson], Caller]
    ids: dict[str, str]
    seed: int
    today: date
    decided: Callable[[], None]
    cases: dict[str, Case] = field(default_factory=dict)
    """Which case an application is; known before it is submitted."""
    drafts: int = 0
    """How many applications were begun, answered or not."""
    submitting: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    """The applications that people sent off, and those of which they were told that they arrived."""


async def bring(visit: Visit, hall: Hall) -> None:
    """Take all cases of a household through; what one of them brought is waited for before the next."""
    brought: frozenset[str] = frozenset()
    for case in visit.cases:
        seen = await _take(case, hall, brought)
        brought |= _brought(seen)
        hall.decided()


async def _take(case: Case, hall: Hall, brought: frozenset[str]) -> Seen:
    """Apply, hand in what is asked for, submit, and follow it to its decision."""
    household, resident = case.household, hall.sign_in(case.household.head)
    child = household.child if case.item == "school-enrolment" else None
    landlord = household.landlord if case.item == "rental-contract-filing" else None
    subject = hall.ids[child.number] if child else ""
    explained = await _explained(resident, case.item, subject, brought)
    hall.drafts += 1
    application_id = await portal.draft(
        resident,
        case.item,
        form_for(case.item, household, hall.today),
        subject_id=subject,
        second_party_number=landlord.number if landlord else "",
    )
    hall.cases[application_id] = case
    for need in explained.documents:
        if need.need == "needed":
            await _hand_in(resident, application_id, need.key, need.any_of, case)
    hall.submitting.add(application_id)
    await portal.submit(resident, application_id)
    hall.acknowledged.add(application_id)
    return await _follow(resident, application_id, case, hall)


async def _explained(resident: Caller, item: str, subject: str, brought: frozenset[str]) -> Explained:
    """Ask what need not be brought, once everything that an earlier case brought is among it."""

    def has_arrived(explained: Explained) -> bool:
        return all(need.need == "held" for need in explained.documents if brought.intersection(_codes(need.any_of)))

    return await until(
        lambda: portal.explain(resident, item, subject_id=subject),
        has_arrived,
        what=f"{item}: {', '.join(sorted(brought))} need not be brought again",
        seconds=DEADLINE,
        interval=FIRST_LOOK,
    )


async def _follow(resident: Caller, application_id: str, case: Case, hall: Hall) -> Seen:
    """Look again and again, do what is one's own part, end with the decision. Raises StillWaitingError."""
    pause, waited, tag = FIRST_LOOK, 0.0, ""
    seen: Seen | None = None
    while waited < DEADLINE:
        await asyncio.sleep(pause)
        waited += pause
        changed, tag = await portal.see_if_changed(resident, application_id, tag)
        seen = changed or seen  # what could not be answered yet is tried again
        if seen is None:
            continue
        if seen.state in FINAL:
            return seen
        if seen.state == "returned":
            await _correct(resident, seen, case)
        elif seen.is_with("confirming") and case.household.landlord is not None:
            await _confirm(hall.sign_in(case.household.landlord), application_id, case, hall)
        pause = min(LAST_PAUSE, pause * 1.5)
    raise StillWaitingError(f"case {case.number} ({application_id}) was not decided within {DEADLINE:g} s")


async def _confirm(landlord: Caller, application_id: str, case: Case, hall: Hall) -> None:
    """Let the landlord answer; if it was returned to the tenant or decided a moment before, looking again tells."""
    try:
        await portal.confirm(landlord, application_id, agrees=answer(hall.seed, "confirmation", case.number))
    except portal.NothingToConfirmError:
        return
    except ProblemError as error:
        if error.problem.code not in {"being-corrected", "already-decided"}:
            raise


async def _correct(resident: Caller, seen: Seen, case: Case) -> None:
    for document in seen.documents:
        if document.standing == "returned":
            await _hand_in(resident, seen.application_id, document.requirement, document.any_of, case)
    await portal.submit(resident, seen.application_id)


async def _hand_in(resident: Caller, application_id: str, key: str, any_of: Iterable[Named], case: Case) -> None:
    kind = _at_hand(_codes(any_of), case.household)
    await portal.hand_in(resident, application_id, key, kind, scans.png(case.number))


def _at_hand(any_of: tuple[str, ...], household: Household) -> str:
    """Choose the document that the household really has."""
    has = {
        "household-register": bool(household.household_number),
        "property-certificate": bool(household.property_number) and household.kind != "newcomers",
    }
    return next((kind for kind in any_of if has.get(kind, len(any_of) > 1)), any_of[0])


def _codes(any_of: Iterable[Named]) -> tuple[str, ...]:
    return tuple(named.code for named in any_of)


def _brought(seen: Seen) -> frozenset[str]:
    """Name the applicant's documents that count as held from now on: what was granted, what a person approved."""
    approved = {
        each.proof.document_type.code
        for each in seen.documents
        if each.holder == "applicant" and each.proof is not None and each.proof.source == "person"
    }
    granted = {seen.granted.document_type.code} if seen.granted is not None else set()
    return frozenset(approved | granted)
