"""Registering guardianships of children, and ending them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bus.event import Outcome
from identity.domain import guardianship as guardianships
from identity.domain.guardianship import Guardianship, GuardianshipProof, Relation
from identity.domain.record import RecordedActor, refuse
from identity.domain.resident import Resident
from identity.events import DataAccessed, GuardianshipEnded, GuardianshipRegistered
from identity.handlers.access_events import accessed
from identity.handlers.dependencies import Deps, actor
from runtime.errors import NotFound, Refusal, check_version
from runtime.sign_in import SignedRequest
from web.auth import Principal

_THIS_SERVICE = RecordedActor(subject="identity", role="system")


async def establish(
    guardian_id: str, child_id: str, relation: Relation, proof: GuardianshipProof, by: Principal, deps: Deps
) -> Outcome[Guardianship]:
    """Let a resident act for a child; what is registered already stays as it is.

    Raises Refusal when one of them is not registered or the pair does not fit, Conflict when another one holds.
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
        signed_request=by.signed,
    )
    told = _told(guardian, child, by, None, deps)
    saved = deps.guardianships.save(established)
    return Outcome([saved], [event], case=child_id, result=established, accesses=told)


async def end(id: str, reason: str, by: Principal, deps: Deps, *, if_match: int | None) -> Outcome[Guardianship]:
    """End a guardianship. Raises NotFound, PreconditionFailed, and Conflict when it has ended already."""
    guardianship = await deps.guardianships.get(id)
    if guardianship is None:
        raise NotFound("unknown-guardianship")
    check_version(guardianship.version, if_match)
    guardian, child = await _pair(guardianship.guardian_id, guardianship.child_id, deps)
    ended = _end(guardianship, reason, actor(by), deps, by.signed)
    return replace(ended, accesses=_told(guardian, child, by, reason, deps))


async def end_at_majority(deps: Deps) -> Sequence[Outcome[Guardianship]]:
    """End every guardianship whose child has come of age, also those that a downtime left."""
    run_out = await deps.guardianships.run_out(deps.today())
    return [_end(each, guardianships.OF_AGE, _THIS_SERVICE, deps) for each in run_out]


def _told(guardian: Resident, child: Resident, by: Principal, reason: str | None, deps: Deps) -> list[DataAccessed]:
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


def _end(
    guardianship: Guardianship, reason: str, by: RecordedActor, deps: Deps, signed: SignedRequest | None = None
) -> Outcome[Guardianship]:
    ended = guardianships.end(guardianship, reason, by, deps.clock())
    event = GuardianshipEnded(
        guardianship_id=ended.id,
        guardian_id=ended.guardian_id,
        child_id=ended.child_id,
        reason=reason,
        sequence=ended.version + 1,
        signed_request=signed,
    )
    return Outcome([deps.guardianships.save(ended)], [event], case=ended.child_id, result=ended)
