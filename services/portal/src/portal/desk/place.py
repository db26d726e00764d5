"""The desk: everything that a reviewer or a deciding officer does."""

from __future__ import annotations

from portal.desk import decisions, filters, live, queues, scans, takeovers, tasks
from portal.frame.place import Place, add_routes, router
from web.auth import Role

_router = router()
for _feature in (queues, filters, takeovers, live, scans, decisions, tasks):
    add_routes(_router, _feature.router)

PLACE = Place(
    name="desk",
    root="/desk/",
    router=_router,
    roles=(Role.REVIEWER,),
    navigation=(("queues", "/desk/"), ("tasks", "/desk/tasks"), ("mine", "/desk/tasks?mine=true")),
)
