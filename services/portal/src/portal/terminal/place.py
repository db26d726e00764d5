"""The terminal: the resident's own, with the card on the reader and for as long as it lies there."""

from __future__ import annotations

from fastapi import Depends

from portal.frame.place import Place, add_routes, router
from portal.resident import drafts, offer, receipts
from portal.terminal import applications, visits
from portal.terminal.visitors import ROOT, at_the_terminal
from web.auth import Role

SILENCE = 60
"""Seconds after which a page ends the visit; the session does so by itself (`PORTAL_TERMINAL_SECONDS`)."""

_router = router()
add_routes(_router, visits.router)
for _inside in (applications, offer, drafts, receipts):
    add_routes(_router, _inside.router, prefix=ROOT, dependencies=[Depends(at_the_terminal)])

PLACE = Place(
    name="terminal",
    root=f"{ROOT}/",
    router=_router,
    roles=(Role.TERMINAL,),
    silence=SILENCE,
    policy=(("connect-src", "'self' {reader}"),),
)
