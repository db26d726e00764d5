"""Everything that the matcher holds of a resident, for the resident."""

from __future__ import annotations

from matcher.handlers.needs import Deps
from matcher.published import DataExported
from messaging.event import Outcome, Received
from runtime import exports
from runtime.exports import ExportRequested


async def export(event: Received[ExportRequested], deps: Deps) -> Outcome[None]:
    """Answer with the evidence: every record, whoever keeps it."""
    evidence = await deps.evidence.get(event.data.holder.index)
    content = {} if evidence is None else {"evidence": [evidence.model_dump(mode="json", exclude={"id"})]}
    return exports.answer(DataExported, event.data, content)
