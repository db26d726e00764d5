"""The resident's place: everything that no other place has."""

from __future__ import annotations

from fastapi import Depends

from portal.frame.place import Place, add_routes, router
from portal.resident import (
    accesses,
    agreements,
    applications,
    confirmations,
    corrections,
    credentials,
    door_visits,
    drafts,
    home,
    items,
    my_data,
    receipts,
    uploads,
)
from portal.resident.visitors import OWN, for_themselves
from web.auth import Role

_router = router()
for _feature in (home, items, applications, confirmations, agreements, door_visits):
    add_routes(_router, _feature.router)
for _feature in (credentials, accesses, my_data, corrections):
    add_routes(_router, _feature.router)
for _feature in (drafts, uploads, receipts):
    add_routes(_router, _feature.router, prefix=OWN, dependencies=[Depends(for_themselves)])

PLACE = Place(
    name="resident",
    root="/",
    router=_router,
    roles=(Role.RESIDENT,),
    navigation=(
        ("home", "/"),
        ("items", "/items"),
        ("applications", "/my/applications"),
        ("credentials", "/my/credentials"),
        ("data", "/my/data"),
    ),
    essential=("home", "applications", "credentials"),
)
