"""Who visits the resident's pages: a resident, for themselves or for a child."""

from __future__ import annotations

from typing import Annotated

from portal.frame.rendering import path_of
from portal.frame.visits import Visit, signed_in
from portal.resident.answers import Ward, Wards
from runtime.access import Role

Resident = Annotated[Visit, signed_in(Role.RESIDENT)]


async def wards_of(visit: Visit) -> tuple[Ward, ...]:
    """Return the children for whom the resident may act. Raises Refused, Away."""
    assert visit.person is not None  # noqa: S101 - a Resident's visit
    found = await visit.call.get(f"/v1/residents/{path_of(visit.person.subject)}/wards", Wards, limit=50)
    return found.items
