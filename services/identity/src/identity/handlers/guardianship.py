"""Registering guardianships of children, and ending them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from identity.domain import guardianship as guardianships
from identity.domain.guardianship import Guardianship, Proof, Relation
from identity.domain.record import Actor, refuse
from identity.domain.resident import Resident
from identity.handlers.accessing import accessed
from identity.handlers.needs import Deps, actor
from identity.published import GuardianshipEnded, GuardianshipRegistered
from messaging.event import Event, Outcome
from runtime.access import Principal
from runtime.refusal import Refusal, Unknown, check_version

_THIS_SERVICE = Actor(subject="identity", role="system")


async def establish(
    guardian_id: str, child_id: str, relation: Relation, proof: Proof, by: Principal, deps: Deps
) -> Outcome[Guardianship]:
    """Let a resident act for a child; what is registered already stays as it is.

    Raises Refusal when one of them is not registered or the pair does not fit, Clash when another one holds.
    """
    guardian, child = await _pair(guardian_id, child_id, deps)
    guardianships.check_pair(guardian, child, deps.today())
    known = await deps.guardianships.get(guardianships.guardianship_id(guardian_id, child_id))
    established = guardianships.establish(known, guardian, child, relation, proof, actor(by), deps.clock())
    if established is known:
        return Outcome(result=known)
    event = GuardianshipRegistered(
        guardianship_id=established.id,
        guardian_id=guardian_id,
        child_id=child_id,
        relation=relation,
        sequence=established.version + 1,
    )
    told = _told(guardian, child, by, None, deps)
    return Outcome([deps.guardianships.save(established)], [event, *told], case=child_id, result=established)


async def end(id: str, reason: str, by: Principal, deps: Deps, *, if_match: int | None) -> Outcome[Guardianship]:
    """End a guardianship. Raises Unknown, Stale, and Clash when it has ended already."""
    guardianship = await deps.guardianships.get(id)
    if guardianship is None:
        raise Unknown("unknown-guardianship")
    check_version(guardianship.version, if_match)
    guardian, child = await _pair(guardianship.guardian_id, guardianship.child_id, deps)
    ended = _end(guardianship, reason, actor(by), deps)
    return replace(ended, events=[*ended.events, *_told(guardian, child, by, reason, deps)])


async def end_at_majority(deps: Deps) -> Sequence[Outcome[Guardianship]]:
    """End every guardianship whose child has come of age, also those that a downtime left."""
    run_out = await deps.guardianships.run_out(deps.today())
    return [_end(each, guardianships.OF_AGE, _THIS_SERVICE, deps) for each in run_out]


def _told(guardian: Resident, child: Resident, by: Principal, reason: str | None, deps: Deps) -> list[Event]:
    """Tell both that somebody changed who acts for whom."""
    of_guardian = accessed(guardian, by, reason, deps, how="worked-on", what="wards")
    return [*of_guardian, *accessed(child, by, reason, deps, how="worked-on")]


async def _pair(guardian_id: str, child_id: str, deps: Deps) -> tuple[Resident, Resident]:
    guardian, child = await deps.residents.get(guardian_id), await deps.residents.get(child_id)
    faults = []
    if guardian is None:
        faults.append(Refusal("guardian-not-registered", field="guardian_id"))
    if child is None:
        faults.append(Refusal("child-not-registered", field="child_id"))
    refuse(faults)
    assert guardian is not None  # noqa: S101 - or it would have been refused
    assert child is not None  # noqa: S101 - the same
    return guardian, child


def _end(guardianship: Guardianship, reason: str, by: Actor, deps: Deps) -> Outcome[Guardianship]:
    ended = guardianships.end(guardianship, reason, by, deps.clock())
    event = GuardianshipEnded(
        guardianship_id=ended.id,
        guardian_id=ended.guardian_id,
        child_id=ended.child_id,
        reason=reason,
        sequence=ended.version + 1,
    )
    return Outcome([deps.guardianships.save(ended)], [event], case=ended.child_id, result=ended)
