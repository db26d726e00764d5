"""Who visits the resident's pages: a resident, for themselves or for a child; elsewhere, whoever is there for them.

The pages about one application are also shown to a clerk or at a terminal, for the person who stands there with the
card (`visit.presence`). The place that includes their routers says below which address they are (`visit.base`).
"""

from __future__ import annotations

from typing import Annotated

from portal.frame.template_pages import path_of
from portal.frame.visitors import signed_in
from portal.frame.visits import PageVisit
from portal.resident.answers import OwnWard, OwnWards, Standing
from web.auth import Role

Resident = Annotated[PageVisit, signed_in(Role.RESIDENT)]

OWN = "/my"


async def for_themselves(visit: Resident) -> None:
    """Say where a resident's own applications are."""
    visit.base = OWN


def catalogue_of(visit: PageVisit) -> str:
    """Return the address below which the items are, for whom this visit is."""
    return visit.base if visit.presence else ""


def may_apply(visit: PageVisit) -> bool:
    """Tell whether there is somebody here for whom an application can be made."""
    return bool(visit.presence) or (visit.person is not None and visit.person.role is Role.RESIDENT)


async def standing_of(visit: PageVisit) -> Standing:
    """Return who stands there. Raises Refused, Away."""
    return await visit.call.get(f"/v1/presences/{path_of(visit.presence)}", Standing)


async def wards_of(visit: PageVisit) -> tuple[OwnWard, ...]:
    """Return the children for whom the resident may act. Raises Refused, Away."""
    if visit.presence:
        return (await standing_of(visit)).wards
    assert visit.person is not None  # noqa: S101 - a Resident's visit
    found = await visit.call.get(f"/v1/residents/{path_of(visit.person.subject)}/wards", OwnWards, limit=50)
    return found.items
