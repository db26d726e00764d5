"""When a child comes of age, by what this service itself knows."""

from __future__ import annotations

from datetime import date

from matcher.handlers.dependencies import Deps
from standards import age


async def majority(child_id: str, deps: Deps) -> date | None:
    """Return the day on which a resident comes of age, by what was said first; None: not known yet."""
    known = await deps.evidence.of_resident(child_id)
    born = None if known is None else known.first_birth_date or known.birth_date
    return None if born is None else age.birthday(born, age.MAJORITY)
