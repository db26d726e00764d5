"""Telling that a resident's data was seen or used, so that the resident can read it (data-rights keeps the record)."""

from __future__ import annotations

from identity.domain.resident import Resident
from identity.handlers.needs import Deps
from identity.published import DataAccessed
from messaging.event import Event
from runtime import accesses
from runtime.access import Principal
from runtime.accesses import How, What


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
    if accesses.is_own(by, resident.id):
        return []
    event = DataAccessed(
        holder=accesses.Holder(resident_id=resident.id, index=resident.holder_index),
        by=accesses.By.of(by),
        how=how,
        what=what,
        documents=[],
        purpose=(purpose or "").strip() or None,
        at=deps.clock(),
    )
    return [event]
