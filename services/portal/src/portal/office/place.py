"""The office: what an official sees, and the switches that two of them turn together."""

from __future__ import annotations

from portal.frame.place import Place, add_routes, router
from portal.office import dashboard, reviews
from web.auth import Role

_router = router()
for _feature in (dashboard, reviews):
    add_routes(_router, _feature.router)

PLACE = Place(
    name="office",
    root="/office/",
    router=_router,
    roles=(Role.OFFICIAL,),
    navigation=(("dashboard", "/office/"), ("reviews", "/office/reviews")),
)
