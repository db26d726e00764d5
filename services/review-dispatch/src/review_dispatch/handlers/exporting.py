"""Everything that review-dispatch holds of a resident, for the resident."""

from __future__ import annotations

from messaging.event import Outcome, Received
from review_dispatch.handlers.needs import Deps
from review_dispatch.published import DataExported
from runtime import exports
from runtime.exports import ExportRequested


async def export(event: Received[ExportRequested], deps: Deps) -> Outcome[None]:
    """Answer with every task that is about the resident: what was compared, what people wrote and decided."""
    tasks = await deps.tasks.about(event.data.holder.resident_id, after=None, limit=0)
    return exports.answer(DataExported, event.data, {"tasks": [each.model_dump(mode="json") for each in tasks]})
