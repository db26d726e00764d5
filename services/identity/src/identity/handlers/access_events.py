"""Telling that a resident's data was seen or used, so that the resident can read it (data-rights keeps the record)."""

from __future__ import annotations

from identity.domain.resident import Resident
from identity.events import DataAccessed
from identity.handlers.dependencies import Deps
from privacy.access_log import By, Holder, How, What
from web.auth import Principal


def accessed(
    resident: Resident,
    by: Principal,
    purpose: str | None,
    deps: Deps,
    *,
    how: How = "viewed",
    what: What = "registration",
) -> list[DataAccessed]:
    """Return the event that says so; none for a look at the own."""
    holder = Holder(resident_id=resident.id, index=resident.holder_index)
    return DataAccessed.of([holder], By.of(by), deps.clock(), how=how, what=what, purpose=purpose)
