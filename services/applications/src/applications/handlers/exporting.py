"""Everything that applications holds of a resident, for the resident."""

from __future__ import annotations

from applications.handlers.needs import Deps
from applications.published import DataExported
from messaging.event import Outcome, Received
from runtime import exports
from runtime.exports import ExportRequested


async def export(event: Received[ExportRequested], deps: Deps) -> Outcome[None]:
    """Answer with the person as known here, what need not be brought, and the applications of, for and with them."""
    id_ = event.data.holder.resident_id
    resident, holdings = await deps.residents.get(id_), await deps.holdings.get(id_)
    applications = await deps.applications.concerning(id_)
    content = {
        "person": [resident.model_dump(mode="json")] if resident else [],
        "holdings": [holdings.model_dump(mode="json")] if holdings else [],
        "applications": [each.model_dump(mode="json") for each in applications],
    }
    return exports.answer(DataExported, event.data, content)
