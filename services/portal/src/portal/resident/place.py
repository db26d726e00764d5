"""The resident's place: everything that no other place has."""

from __future__ import annotations

from portal.frame.place import Place, router
from portal.resident import home, items
from runtime.access import Role

_router = router()
for _feature in (home, items):
    _router.include_router(_feature.router)

PLACE = Place(
    name="resident",
    root="/",
    router=_router,
    roles=(Role.RESIDENT,),
    navigation=(("home", "/"), ("items", "/items")),
)
