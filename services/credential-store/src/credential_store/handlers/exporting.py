"""Everything that the credential store holds of a resident, for the resident."""

from __future__ import annotations

from credential_store.handlers.needs import Deps
from credential_store.published import DataExported
from messaging.event import Outcome, Received
from runtime import exports
from runtime.exports import ExportRequested


async def export(event: Received[ExportRequested], deps: Deps) -> Outcome[None]:
    """Answer with every credential, all its versions and what was done to it."""
    held = await deps.credentials.of_holder(event.data.holder.index)
    content = {"credentials": [each.model_dump(mode="json", exclude={"holder"}) for each in held]}
    return exports.answer(DataExported, event.data, content)
