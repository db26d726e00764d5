"""The hall: everybody's place."""

from __future__ import annotations

from portal.frame.place import Place, add_routes, router
from portal.hall import overview, progress, published

_router = router()
for _feature in (overview, published, progress):
    add_routes(_router, _feature.router)

PLACE = Place(
    name="hall",
    root="/hall/",
    router=_router,
    navigation=(
        ("hall", "/hall/"),
        ("items", "/items"),
        ("progress", "/hall/progress"),
        ("notices", "/hall/notices"),
        ("statistics", "/hall/statistics"),
        ("record", "/hall/record"),
        ("windows", "/hall/windows"),
        ("status", "/hall/status"),
    ),
)
