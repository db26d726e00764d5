"""Applying for the person who stands there: in one visit, by who read the card, and nothing else is opened."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from applications.eligibility.use_cases import survey
from applications.events import DataAccessed
from applications.handlers import lifecycle, presence, queries
from applications.handlers.catalogue import explain
from applications.handlers.lifecycle import NewApplication
from applications.handlers.parties import NamedParty
from applications.handlers.queries import SeenApplication
from bus.event import Outcome
from runtime.errors import Conflict, NotAllowed, NotFound, Refusal
from services.applications.tests.office import ENROLMENT, NOON, NUMBER_OF, TENANCY, Office
from web import presences
from web.auth import Principal, Role
from web.presences import PresentCaller

CLERK, OTHER = Principal("clerk-7", Role.CLERK), Principal("clerk-8", Role.CLERK)
TERMINAL = Principal("terminal-3", Role.TERMINAL)
VISIT = timedelta(minutes=20)


def begun(id: str = "prs_1", *, by: Principal = CLERK, at: datetime = NOON) -> presences.PresenceBegun:
    read = presences.ReadBy(subject=by.subject, role=by.role)
    return presences.PresenceBegun(presence_id=id, resident_id="newcomer", by=read, ends_at=at + VISIT)


async def stands(office: Office, id: str = "prs_1") -> PresentCaller:
    await office.hears(presences.note_begun, begun(id))
    return await presences.caller(CLERK, id, office.deps)


async def drafts(
    office: Office, caller: PresentCaller, item: str = "school-enrolment", **named: str
) -> SeenApplication:
    new = NewApplication(
        item, NamedParty(**named), ENROLMENT if item == "school-enrolment" else TENANCY, presence.helper_of(caller)
    )
    drafted = await queries.changed(await lifecycle.draft(new, caller.resident, office.deps), office.deps)
    return office.commits(presence.told(drafted, caller, office.deps))


async def changes(office: Office, id: str, caller: PresentCaller) -> None:
    async def work() -> Outcome[SeenApplication]:
        change = lifecycle.ApplicationChange({"parents": ["李育成"]})
        outcome = await lifecycle.change(id, change, caller.resident, office.deps, if_match=None)
        return await queries.changed(outcome, office.deps)

    office.commits(await presence.helped(id, work, caller, office.deps))


async def test_the_application_is_the_residents_and_every_step_is_told_to_them(office: Office) -> None:
    caller = await stands(office)
    seen = await drafts(office, caller, subject_id="child")
    await changes(office, seen.application.id, caller)
    application = office.now(seen.application.id)
    assert (application.applicant_id, application.form["parents"]) == ("newcomer", ["李育成"])
    assert application.helper == presence.helper_of(caller)
    told = [(each.holder.resident_id, each.by.subject, each.how) for each in office.events(DataAccessed)]
    assert told == [(who, "clerk-7", "worked-on") for _ in range(2) for who in ("newcomer", "child")]


@pytest.mark.parametrize("given", [None, "prs_of_nobody", "prs_1"])
async def test_without_a_visit_of_ones_own_nothing_is_open(office: Office, given: str | None) -> None:
    await stands(office)
    with pytest.raises(NotAllowed, match="presence-needed" if given is None else "presence-unknown"):
        await presences.caller(OTHER, given, office.deps)
    terminal = Principal("clerk-7", Role.TERMINAL)  # the same account as another kind of caller is another one
    with pytest.raises(NotAllowed, match="presence-needed" if given is None else "presence-unknown"):
        await presences.caller(terminal, given, office.deps)


async def test_a_visit_ends_with_its_time_or_before_it_whatever_is_heard_first(office: Office) -> None:
    ends = presences.PresenceEnded(presence_id="prs_1", ended_at=NOON - timedelta(minutes=1))
    for order in permutations(range(3)):
        office.deps.presences.all.clear()  # type: ignore[attr-defined] # a fake
        for step in order:
            if step == 0:
                await office.hears(presences.note_begun, begun())
            elif step == 1:
                await office.hears(presences.note_ended, ends)
            else:
                await office.hears(presences.note_begun, begun())
        with pytest.raises(NotAllowed, match="presence-over"):
            await presences.caller(CLERK, "prs_1", office.deps)
    await stands(office, "prs_2")
    office.later(VISIT)
    with pytest.raises(NotAllowed, match="presence-over"):
        await presences.caller(CLERK, "prs_2", office.deps)


async def test_nothing_else_of_the_persons_is_opened(office: Office) -> None:
    own = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    caller = await stands(office)
    with pytest.raises(NotFound, match="unknown-application"):
        await changes(office, own, caller)
    begun_here = (await drafts(office, caller, subject_id="child")).application.id
    later = await stands(office, "prs_2")
    with pytest.raises(NotFound, match="unknown-application"):
        await changes(office, begun_here, later)
    await office.submits(begun_here)
    with pytest.raises(Conflict, match="helped-to-the-end"):
        await changes(office, begun_here, caller)


async def test_what_was_made_in_the_visit_is_read_in_it_and_a_terminal_shows_the_resident_all_of_their_own(
    office: Office,
) -> None:
    own = await office.enrols()
    clerk = await stands(office)
    made = (await drafts(office, clerk, subject_id="child")).application.id
    await office.submits(made)
    await office.hears(presences.note_begun, begun("prs_t", by=TERMINAL))
    terminal = await presences.caller(TERMINAL, "prs_t", office.deps)
    office.said.clear()

    async def look(id: str, caller: PresentCaller) -> str:
        look = presence.shown(id, lambda: queries.see(id, caller.resident, office.deps), caller, office.deps)
        return office.commits(await look).application.id

    assert [await look(each, terminal) for each in (own, made)] == [own, made]
    begun_at_home = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    await changes(office, begun_at_home, terminal)  # the resident types, as at home
    with pytest.raises(Conflict, match="helped-to-the-end"):
        await changes(office, own, terminal)
    office.said.clear()
    assert await look(made, clerk) == made
    told = [(each.holder.resident_id, each.by.subject, each.how) for each in office.events(DataAccessed)]
    assert told[-2:] == [("newcomer", "clerk-7", "viewed"), ("child", "clerk-7", "viewed")]
    for id, caller in ((own, clerk), (made, await stands(office, "prs_2"))):
        with pytest.raises(NotFound, match="unknown-application"):
            await look(id, caller)
    office.applications.all[own] = office.now(own).model_copy(update={"applicant_id": "senior"})
    with pytest.raises(NotFound, match="unknown-application"):
        await look(own, terminal)
    with pytest.raises(NotFound, match="unknown-application"):
        await changes(office, own, terminal)


async def test_a_helpers_look_at_what_the_person_may_get_is_told_for_all_whom_it_concerns(office: Office) -> None:
    caller = await stands(office)
    office.commits(await survey(None, caller, office.deps))
    office.commits(await explain("school-enrolment", "child", caller, office.deps))
    told = [(each.holder.resident_id, each.by.subject, each.what) for each in office.events(DataAccessed)]
    assert told == [(who, "clerk-7", "evidence") for who in ("newcomer", "newcomer", "child")]
    with pytest.raises(NotAllowed, match="no-guardianship"):
        await survey("senior", caller, office.deps)


async def test_what_is_signed_with_ones_own_sign_in_is_not_begun_for_somebody(office: Office) -> None:
    caller = await stands(office)
    with pytest.raises(Refusal, match="helped-needs-own-sign-in"):
        await drafts(office, caller, "rental-contract-filing", second_party_number=NUMBER_OF["landlord"])


async def test_what_needs_ones_own_sign_in_is_not_offered_as_something_for_which_nothing_is_brought(
    office: Office,
) -> None:
    caller = await stands(office)
    found = office.commits(await survey(None, caller, office.deps))
    [tenancy] = [each for each in found.items if each.item.code == "rental-contract-filing"]
    assert tenancy.verdict == "own-sign-in"
    own = office.commits(await survey(None, PresentCaller(caller.resident), office.deps))
    assert [each.verdict for each in own.items if each.item.code == "rental-contract-filing"] == ["may"]
