"""Everything that identity holds of a resident, for the resident."""

from __future__ import annotations

from identity.handlers.dependencies import Deps
from privacy.exports import Content
from privacy.holders import Holder
from standards import mask


async def gather(holder: Holder, deps: Deps) -> Content:
    """Return the registration, its number masked, every guardianship, ended ones too, and visits."""
    resident = await deps.residents.get(holder.resident_id)
    if resident is None:
        return {}
    registration = resident.model_dump(mode="json", exclude={"holder_index"})
    registration["number"] = mask.number(resident.number)
    guardianships = await deps.guardianships.concerning(resident.id)
    return {
        "registration": [registration],
        "guardianships": [each.model_dump(mode="json") for each in guardianships],
        "presences": [each.model_dump(mode="json") for each in await deps.presences.concerning(resident.id)],
    }
