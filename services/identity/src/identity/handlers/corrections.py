"""Approved corrections: each opens one change of the registration at a window."""

from __future__ import annotations

from identity.consumed import CorrectionPermitted
from identity.domain import resident as residents
from identity.domain.correction import Permit
from identity.domain.record import Actor
from identity.handlers.needs import Deps
from messaging.event import NOTHING, NotYet, Outcome, Received


async def permit(event: Received[CorrectionPermitted], deps: Deps) -> Outcome[None]:
    """Open the change; said again, nothing happens, also when it was made or is over. Raises NotYet if not registered.

    One that arrives after its last day is kept as over, so that the window can tell.
    """
    said = event.data
    resident = await deps.residents.get(residents.resident_id(said.holder.index))
    if resident is None:
        raise NotYet(f"the resident of correction {said.correction_id} is not known")
    permit = Permit(correction_id=said.correction_id, field=said.field, value=said.value, until=said.until)
    by = Actor(subject=", ".join(said.officers), role="reviewer")
    permitted = residents.permit(resident, permit, by, deps.clock())
    return NOTHING if permitted is resident else Outcome(changes=[deps.residents.save(permitted)])
