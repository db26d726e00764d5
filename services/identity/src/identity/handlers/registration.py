"""Registering people in person and reading their new cards."""

from __future__ import annotations

from collections.abc import Mapping

from bus.event import Outcome
from identity.domain import resident as residents
from identity.domain.card import ReadCard
from identity.domain.resident import Channel, RegistrationPlace, Resident
from identity.events import IdRegistered, IdUpdated, RegistrationCorrected
from identity.handlers.access_events import accessed
from identity.handlers.dependencies import Deps, actor, resident_of
from runtime.errors import Conflict, Refusal, check_version
from standards import communities
from web.auth import Principal, Role

CHANNELS: Mapping[Role, Channel] = {Role.CLERK: "window", Role.TERMINAL: "terminal"}
"""Where somebody is who stands before them."""


async def register(reading: ReadCard, place: RegistrationPlace, by: Principal, deps: Deps) -> Outcome[Resident]:
    """Register a person; somebody who is registered already stays the same resident, with the newer card.

    Raises Refusal for whatever is wrong with the card or the place, Conflict when the number is somebody else's.
    """
    number = reading.check(deps.today(), also=_place_faults(place, by, deps))
    index = deps.numbers.of(number.number)
    known = await deps.residents.with_index(index)
    if known is not None:
        return _register_again(known, reading, place, by, deps)
    resident = residents.register(
        id=deps.residents.id_for(index),
        holder_index=index,
        number=number,
        card=reading.card,
        place=place,
        by=actor(by),
        at=deps.clock(),
    )
    return Outcome([deps.residents.save(resident)], [_registered(resident)], case=resident.id, result=resident)


async def renew_card(
    id: str, reading: ReadCard, community: str | None, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[Resident]:
    """Take over what a resident's new card says, and the community if the resident has moved.

    Raises Refusal for whatever is wrong with the card, Conflict for an older card or somebody else's,
    PreconditionFailed.
    """
    resident = await resident_of(id, deps)
    check_version(resident.version, if_match)
    community = community or resident.place.community
    place = resident.place.model_copy(update={"community": community})
    faults = residents.check_place(place, deps.communities)
    number = reading.check(deps.today(), also=[*faults, *faults_of_terminal(community, by)])
    if deps.numbers.of(number.number) != resident.holder_index:
        raise Conflict("card-of-another-person", field="number")
    return _renew(resident, reading, community, by, deps)


def _register_again(
    known: Resident, reading: ReadCard, place: RegistrationPlace, by: Principal, deps: Deps
) -> Outcome[Resident]:
    if not residents.renews(known, reading, known.place.community, actor(by), deps.today()):
        return _shown(known, by, deps)
    return _renew(known, reading, place.community, by, deps)


def _renew(resident: Resident, reading: ReadCard, community: str, by: Principal, deps: Deps) -> Outcome[Resident]:
    renewed = residents.renew(resident, reading, community, actor(by), deps.clock(), deps.today())
    if renewed is resident:
        return _shown(resident, by, deps)
    corrected = _corrected(resident, renewed)
    told = accessed(resident, by, None, deps, how="worked-on")
    events = [_updated(renewed), *corrected]
    return Outcome([deps.residents.save(renewed)], events, case=renewed.id, result=renewed, accesses=told)


def _corrected(before: Resident, after: Resident) -> list[RegistrationCorrected]:
    """Return an event for each approved correction that was made now."""
    open_before = {each.correction_id for each in before.permits if each.used_at is None}
    return [
        RegistrationCorrected(
            correction_id=each.correction_id,
            resident_id=after.id,
            holder_index=after.holder_index,
            field=each.field,
            corrected_at=each.used_at,
            sequence=after.version + 1,
        )
        for each in after.permits
        if each.used_at is not None and each.correction_id in open_before
    ]


def take_over(known: Resident, reading: ReadCard, community: str, by: Principal, deps: Deps) -> Outcome[Resident]:
    """Take over what a card says that is newer than the one on record; nothing for the same card.

    Raises Conflict for an older card or another person's.
    """
    renewed = residents.renew(known, reading, community, actor(by), deps.clock(), deps.today())
    return Outcome(result=known) if renewed is known else _renew(known, reading, community, by, deps)


def _shown(resident: Resident, by: Principal, deps: Deps) -> Outcome[Resident]:
    return Outcome(accesses=accessed(resident, by, None, deps), case=resident.id, result=resident)


def _place_faults(place: RegistrationPlace, by: Principal, deps: Deps) -> list[Refusal]:
    faults = residents.check_place(place, deps.communities)
    if place.channel != CHANNELS[by.role]:
        faults.append(Refusal("channel-not-yours", field="channel", channel=CHANNELS[by.role]))
    return [*faults, *faults_of_terminal(place.community, by)]


def faults_of_terminal(community: str, by: Principal) -> list[Refusal]:
    """Return a fault when a terminal works for people of another community than its own; clerks work for everybody."""
    if by.role is not Role.TERMINAL or community in by.communities:
        return []
    own = [communities.name_of(code) for code in sorted(by.communities)]
    names = {"own": "、".join(each.zh_cn for each in own), "own_en": ", ".join(each.en for each in own)}
    return [Refusal("terminal-elsewhere", field="community", **names)]


def _registered(resident: Resident) -> IdRegistered:
    return IdRegistered(
        resident_id=resident.id,
        holder_index=resident.holder_index,
        id_kind=resident.id_kind,
        **resident.card.model_dump(),
        community=resident.place.community,
        channel=resident.place.channel,
        registered_at=resident.registered_at,
        sequence=resident.version + 1,
    )


def _updated(resident: Resident) -> IdUpdated:
    card = resident.card
    return IdUpdated(
        resident_id=resident.id,
        holder_index=resident.holder_index,
        name=card.name,
        birth_date=card.birth_date,
        address=card.address,
        issuing_authority=card.issuing_authority,
        valid_from=card.valid_from,
        valid_until=card.valid_until,
        community=resident.place.community,
        sequence=resident.version + 1,
    )
