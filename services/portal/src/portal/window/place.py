"""The window: the clerk's place."""

from __future__ import annotations

from portal.frame.place import Place, router
from portal.window import guardianships, looking_up, registration
from portal.window.cards import READER
from runtime.access import Role

_router = router()
for _feature in (registration, looking_up, guardianships):
    _router.include_router(_feature.router)

PLACE = Place(
    name="window",
    root="/window/",
    router=_router,
    roles=(Role.CLERK,),
    navigation=(
        ("register", "/window/"),
        ("look-up", "/window/look-up"),
        ("guardianship", "/window/guardianship"),
    ),
    policy=(("connect-src", f"'self' {READER}"),),
)
