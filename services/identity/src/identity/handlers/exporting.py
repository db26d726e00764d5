"""Everything that identity holds of a resident, for the resident."""

from __future__ import annotations

from identity.handlers.needs import Deps
from identity.published import DataExported
from messaging.event import Outcome, Received
from runtime import exports
from runtime.exports import ExportRequested
from standards import mask


async def export(event: Received[ExportRequested], deps: Deps) -> Outcome[None]:
    """Answer with the registration, its number masked, every guardianship, ended ones too, and visits."""
    resident = await deps.residents.get(event.data.holder.resident_id)
    if resident is None:
        return exports.answer(DataExported, event.data, {})
    registration = resident.model_dump(mode="json", exclude={"holder_index"})
    registration["number"] = mask.number(resident.number)
    guardianships = await deps.guardianships.concerning(resident.id)
    content = {
        "registration": [registration],
        "guardianships": [each.model_dump(mode="json") for each in guardianships],
        "presences": [each.model_dump(mode="json") for each in await deps.presences.concerning(resident.id)],
    }
    return exports.answer(DataExported, event.data, content)
