"""Finding the people of an application, and whether they may be in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from applications.domain.application import Application
from applications.domain.eligibility import (
    check_rules,
    refuse_ineligible,
    refuse_stranger,
    refuse_suspended,
)
from applications.domain.item import ServiceItem
from applications.domain.people import Guardianship, KnownResident, Party, ResidentHoldings
from applications.domain.record import PersonRole
from applications.handlers.dependencies import Deps
from runtime.clock import today
from runtime.errors import NotAllowed, NotFound, Refusal
from standards import identity_number
from web.auth import Principal


@dataclass(frozen=True, slots=True)
class NamedParty:
    """Whom the applicant names: a child by id or number, the second party by number. Numbers are never kept."""

    subject_id: str | None = None
    subject_number: str | None = None
    second_party_number: str | None = None


@dataclass(frozen=True, slots=True)
class KnownParties:
    """The people of an application, and whether the applicant is the guardian of the subject."""

    applicant: KnownResident
    subject: KnownResident
    second_party: KnownResident | None
    guardian: bool
    second_party_index: str | None = None
    """Of whoever the applicant named; nobody looks whether there is such a person until that person answers."""

    @property
    def parties(self) -> dict[PersonRole, Party]:
        """The people as an application remembers them."""
        parties: dict[PersonRole, Party] = {"applicant": self.applicant.party, "subject": self.subject.party}
        return parties if self.second_party is None else {**parties, "second-party": self.second_party.party}


@dataclass(frozen=True, slots=True)
class Signatory:
    """A party, and the guardian who answers in their place; None: they answer themselves."""

    party: KnownResident
    guardian: KnownResident | None


async def people_named(item: ServiceItem, named: NamedParty, by: Principal, deps: Deps) -> KnownParties:
    """Find the people that the applicant names. Refuses strangers, and a second party where there is none to be."""
    applicant = await acting(by, deps)
    subject, guardian = await _subject(item, applicant, named, deps)
    index = _second_party(item, applicant, named, deps)
    return KnownParties(applicant, subject, None, guardian, index)


async def people_of(application: Application, deps: Deps) -> KnownParties:
    """Find the people of an application as they are known now. Raises NotAllowed."""
    ids = (application.applicant_id, application.subject.resident_id, application.second_party_id)
    applicant, subject, *others = await asyncio.gather(*(deps.residents.get(id_) for id_ in ids if id_ is not None))
    if applicant is None or subject is None or None in others:
        raise NotAllowed("not-registered")  # the residents are just being learnt anew
    return await _with_guardianship(applicant, subject, others[0] if others else None, deps)


def as_known_now(application: Application, people: KnownParties) -> Application:
    parties = people.parties
    present = {
        "applicant": parties["applicant"],
        "subject": parties["subject"],
        "second_party": parties.get("second-party"),
    }
    return application.model_copy(update=present)


def refuse_unentitled(item: ServiceItem, people: KnownParties, deps: Deps) -> None:
    """Refuse who is suspended, acts for a stranger, or is not eligible."""
    refuse_suspended(people.applicant)
    refuse_stranger(item, people.applicant.id, people.subject.id, guardian=people.guardian)
    refuse_suspended(people.subject)
    checked = check_rules(item, people.parties, guardian=people.guardian, today=today(deps.clock()))
    refuse_ineligible(item, checked)


async def holdings_of(people: KnownParties, deps: Deps) -> Mapping[PersonRole, ResidentHoldings]:
    """Return what government holds of the applicant and of whom it is for; of a second party nothing is looked up."""
    ids: dict[PersonRole, str] = {"applicant": people.applicant.id, "subject": people.subject.id}
    found = await asyncio.gather(*(deps.holdings.get(id_) for id_ in ids.values()))
    return {role: holdings for role, holdings in zip(ids, found, strict=True) if holdings is not None}


async def acting(by: Principal, deps: Deps) -> KnownResident:
    """Return the resident who is signed in. Raises NotAllowed."""
    resident = await deps.residents.get(by.subject)
    if resident is None:
        raise NotAllowed("not-registered")
    return resident


async def represented(resident_id: str | None, by: Principal, deps: Deps) -> Signatory:
    """Return whoever is signed in, or the ward for whom they answer. Raises NotAllowed for anybody else's."""
    caller = await acting(by, deps)
    if resident_id is None or resident_id == caller.id:
        return Signatory(caller, None)
    return Signatory(await ward(resident_id, by, deps), caller)


async def ward(resident_id: str, by: Principal, deps: Deps, *, field: str = "resident_id") -> KnownResident:
    """Return a child whose guardian is signed in. Raises NotAllowed for anybody else, whether or not there is such."""
    child = await deps.residents.get(resident_id) if await acts_for(by.subject, resident_id, deps) else None
    if child is None:
        raise NotAllowed("no-guardianship", field=field)
    return child


async def owned(application_id: str, by: Principal, deps: Deps) -> Application:
    """Return an application of the resident who is signed in. Anybody else's does not exist for them.

    Raises NotFound.
    """
    application = await deps.applications.get(application_id)
    if application is None or application.applicant_id != by.subject:
        raise NotFound("unknown-application")
    return application


async def readable(application_id: str, by: Principal, deps: Deps) -> Application:
    """Return an application of whoever is signed in, or of a ward, to be read. Others' do not exist for them.

    Raises NotFound.
    """
    application = await deps.applications.get(application_id)
    if application is None or not await acts_for(by.subject, application.applicant_id, deps):
        raise NotFound("unknown-application")
    return application


async def acts_for(subject: str, resident_id: str, deps: Deps) -> bool:
    """Tell whether it is the resident, or a guardian of the resident."""
    if subject == resident_id:
        return True
    known = await deps.guardianships.get(Guardianship.between(subject, resident_id))
    return known is not None and known.active


async def _subject(
    item: ServiceItem, applicant: KnownResident, named: NamedParty, deps: Deps
) -> tuple[KnownResident, bool]:
    """Return the subject, and whether the applicant is the guardian.

    Whether somebody is registered is told to nobody but their guardian: an id or number that nobody has takes the same
    look-ups, and gets the same answer, as that of somebody else's child, whose data is not even read.
    """
    if named.subject_id is None and named.subject_number is None:
        refuse_stranger(item, applicant.id, applicant.id, guardian=False)
        return applicant, False
    field = "subject_id" if named.subject_id is not None else "subject_number"
    if item.subject == "applicant" and named.subject_id != applicant.id:
        raise Refusal("subject-not-allowed", field="subject_id", **item.names)
    if named.subject_id is not None:
        id_ = named.subject_id
    else:
        index = _index_of(named.subject_number or "", field, deps)
        id_ = await deps.residents.id_with_index(index) or index
    known = await deps.guardianships.get(Guardianship.between(applicant.id, id_))
    if id_ == applicant.id:
        return applicant, False
    subject = await deps.residents.get(id_) if known is not None and known.active else None
    if subject is None:
        raise NotAllowed("no-guardianship", field=field)
    return subject, True


def _second_party(item: ServiceItem, applicant: KnownResident, named: NamedParty, deps: Deps) -> str | None:
    """Return the blind index of the second party's number.

    Nothing is looked up: the applicant learns nothing of that person, not even whether there is one. If nobody has the
    number, or nobody yet, the application waits for a confirmation that may never come.
    """
    number, field = named.second_party_number, "second_party_number"
    if item.second_party is None:
        if number is not None:
            raise Refusal("second-party-not-allowed", field=field, **item.names)
        return None
    if number is None:
        raise Refusal("second-party-needed", field=field)
    index = _index_of(number, field, deps)
    if index == applicant.index:
        raise Refusal("second-party-is-applicant", field=field)
    return index


def _index_of(number: str, field: str, deps: Deps) -> str:
    try:
        parsed = identity_number.parse(number, today=today(deps.clock()))
    except Refusal as refusal:
        raise Refusal(refusal.code, field=field, **refusal.params) from refusal
    return deps.numbers.of(parsed.number)


async def _with_guardianship(
    applicant: KnownResident, subject: KnownResident, second_party: KnownResident | None, deps: Deps
) -> KnownParties:
    if subject.id == applicant.id:
        return KnownParties(applicant, subject, second_party, guardian=False)
    known = await deps.guardianships.get(Guardianship.between(applicant.id, subject.id))
    return KnownParties(applicant, subject, second_party, guardian=known is not None and known.active)
