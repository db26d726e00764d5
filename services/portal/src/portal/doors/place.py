"""The doors: what a grid officer does between one door and the next."""

from __future__ import annotations

from portal.doors import device, door, today, visits
from portal.frame.place import Place, add_routes, router
from web.auth import Role

_router = router()
for _feature in (today, device, visits, door):
    add_routes(_router, _feature.router)

PLACE = Place(
    name="doors",
    root="/doors/",
    router=_router,
    roles=(Role.GRID_OFFICER,),
    navigation=(("today", "/doors/"),),
    policy=(("worker-src", "'self'"), ("manifest-src", "'self'")),
)
