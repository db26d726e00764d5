"""Suspending residents and reinstating them."""

from __future__ import annotations

from bus.event import Outcome
from identity.domain import resident as residents
from identity.domain.resident import Resident
from identity.events import IdReinstated, IdSuspended
from identity.handlers.access_events import accessed
from identity.handlers.dependencies import Deps, actor, resident_of
from runtime.errors import check_version
from web.auth import Principal


async def suspend(id: str, reason: str, by: Principal, deps: Deps, *, if_match: int | None) -> Outcome[Resident]:
    """Suspend a resident. Raises NotFound, PreconditionFailed, and Conflict when it is suspended already."""
    resident = await resident_of(id, deps)
    check_version(resident.version, if_match)
    suspended = residents.suspend(resident, reason, actor(by), deps.clock())
    event = IdSuspended(
        resident_id=resident.id,
        holder_index=resident.holder_index,
        reason=reason,
        sequence=resident.version + 1,
        signed_request=by.signed,
    )
    told = accessed(resident, by, reason, deps, how="worked-on")
    return Outcome([deps.residents.save(suspended)], [event], case=resident.id, result=suspended, accesses=told)


async def reinstate(id: str, reason: str, by: Principal, deps: Deps, *, if_match: int | None) -> Outcome[Resident]:
    """Lift a suspension. Raises NotFound, PreconditionFailed, and Conflict when there is none."""
    resident = await resident_of(id, deps)
    check_version(resident.version, if_match)
    reinstated = residents.reinstate(resident, reason, actor(by), deps.clock())
    event = IdReinstated(
        resident_id=resident.id,
        holder_index=resident.holder_index,
        reason=reason,
        sequence=resident.version + 1,
        signed_request=by.signed,
    )
    told = accessed(resident, by, reason, deps, how="worked-on")
    return Outcome([deps.residents.save(reinstated)], [event], case=resident.id, result=reinstated, accesses=told)
