"""Visits: the card of the person who stands there is read, and who read it may apply in their name for a while."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bus.event import Change, Event, Outcome
from identity.domain import presence as presences
from identity.domain.card import ReadCard
from identity.domain.presence import VISIT, Presence
from identity.domain.record import refuse
from identity.domain.resident import Resident
from identity.events import PresenceBegun, PresenceEnded
from identity.handlers import registration
from identity.handlers.access_events import accessed
from identity.handlers.dependencies import Deps, actor, resident_of
from privacy import access_log
from runtime.errors import NotAllowed, NotFound
from runtime.ids import new_id
from web.auth import Principal

MOST_WARDS = 50


@dataclass(frozen=True, slots=True)
class BegunPresence:
    """A visit with who stands there, and the children for whom that one may act today."""

    presence: Presence
    resident: Resident
    wards: tuple[Resident, ...]


async def begin(reading: ReadCard, by: Principal, deps: Deps) -> Outcome[BegunPresence]:
    """Record that a registered person is there, with the card checked as at registration; a newer card is taken over.

    Whoever stood there before has gone. Raises Refusal, Conflict for an older card or another person's, NotFound for
    who is not registered, NotAllowed for who is suspended.
    """
    number = reading.check(deps.today())
    known = await deps.residents.with_index(deps.numbers.of(number.number))
    if known is None:
        raise NotFound("presence-not-registered", field="number")
    refuse(registration.faults_of_terminal(known.place.community, by))
    if known.suspension is not None:
        raise NotAllowed("presence-suspended")
    taken = registration.take_over(known, reading, known.place.community, by, deps)
    resident = taken.result or known
    now = deps.clock()
    new = Presence(
        id=new_id("prs"),
        resident_id=resident.id,
        by=actor(by),
        channel=registration.CHANNELS[by.role],
        communities=tuple(sorted(by.communities)),
        begun_at=now,
        ends_at=now + VISIT,
    )
    changes: list[Change] = [*taken.changes, deps.presences.save(new)]
    events: list[Event] = [*taken.events, _begun(new, resident, by)]
    for earlier in await deps.presences.open_of(by.subject, now):
        ended = presences.end(earlier, now)
        changes.append(deps.presences.save(ended))
        events.append(_ended(ended))
    wards = await _wards(resident, deps)
    told = [*(taken.accesses or ()), *(each for child in wards for each in accessed(child, by, None, deps))]
    begun = BegunPresence(new, resident, wards)
    return Outcome(changes, events, case=resident.id, result=begun, accesses=told)


async def see(id: str, by: Principal, deps: Deps) -> Outcome[BegunPresence]:
    """Show who stands there, and for whom they may act. Raises NotFound for another's visit, NotAllowed when over."""
    presence = await _own(id, by, deps)
    if presence.ends_at <= deps.clock():
        raise NotAllowed("presence-over")
    resident = await resident_of(presence.resident_id, deps)
    wards = await _wards(resident, deps)
    told = [each for person in (resident, *wards) for each in accessed(person, by, None, deps)]
    return Outcome(accesses=told, case=resident.id, result=BegunPresence(presence, resident, wards))


async def end(id: str, by: Principal, deps: Deps) -> Outcome[Presence]:
    """End a visit. Raises NotFound for anybody's but the caller's."""
    presence = await _own(id, by, deps)
    ended = presences.end(presence, deps.clock())
    if ended is presence:
        return Outcome(result=presence)
    return Outcome([deps.presences.save(ended)], [_ended(ended)], case=ended.resident_id, result=ended)


async def _own(id: str, by: Principal, deps: Deps) -> Presence:
    presence = await deps.presences.get(id)
    if presence is None or presence.by != actor(by):
        raise NotFound("unknown-presence")
    return presence


async def _wards(resident: Resident, deps: Deps) -> tuple[Resident, ...]:
    held = await deps.guardianships.held_by(resident.id, after=None, limit=MOST_WARDS)
    acting = [each.child_id for each in held if each.holds(deps.today())]
    return tuple(await asyncio.gather(*(resident_of(child, deps) for child in acting)))


def _begun(presence: Presence, resident: Resident, by: Principal) -> PresenceBegun:
    return PresenceBegun(
        presence_id=presence.id,
        resident_id=resident.id,
        holder_index=resident.holder_index,
        by=access_log.By.of(by),
        channel=presence.channel,
        communities=presence.communities,
        begun_at=presence.begun_at,
        ends_at=presence.ends_at,
    )


def _ended(presence: Presence) -> PresenceEnded:
    return PresenceEnded(presence_id=presence.id, resident_id=presence.resident_id, ended_at=presence.ends_at)
