"""Telling that a resident's data was seen or used, so that the resident can read it (data-rights keeps the record)."""

from __future__ import annotations

from bus.event import Event
from identity.domain.resident import Resident
from identity.events import DataAccessed
from identity.handlers.dependencies import Deps
from privacy import access_log
from privacy.access_log import How, What
from web.auth import Principal


def accessed(
    resident: Resident,
    by: Principal,
    purpose: str | None,
    deps: Deps,
    *,
    how: How = "viewed",
    what: What = "registration",
) -> list[Event]:
    """Return the event that says so; none for a look at the own."""
    if access_log.is_own(by, resident.id):
        return []
    event = DataAccessed(
        holder=access_log.Holder(resident_id=resident.id, index=resident.holder_index),
        by=access_log.By.of(by),
        how=how,
        what=what,
        documents=[],
        purpose=(purpose or "").strip() or None,
        at=deps.clock(),
    )
    return [event]
