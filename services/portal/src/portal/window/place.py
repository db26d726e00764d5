"""The window: the clerk's place."""

from __future__ import annotations

from fastapi import Depends

from portal.frame.place import Place, add_routes, router
from portal.resident import drafts, offer, receipts, uploads
from portal.window import guardianships, looking_up, registration, visits
from web.auth import Role

_router = router()
for _feature in (registration, looking_up, guardianships, visits):
    add_routes(_router, _feature.router)
for _inside in (visits.inside, offer.router, drafts.router, uploads.router, receipts.router):
    add_routes(_router, _inside, prefix=f"{visits.ROOT}/{{presence_id}}", dependencies=[Depends(visits.with_the_card)])

PLACE = Place(
    name="window",
    root="/window/",
    router=_router,
    roles=(Role.CLERK,),
    navigation=(
        ("register", "/window/"),
        ("applications", visits.ROOT),
        ("look-up", "/window/look-up"),
        ("guardianship", "/window/guardianship"),
    ),
    policy=(("connect-src", "'self' {reader}"),),
)
