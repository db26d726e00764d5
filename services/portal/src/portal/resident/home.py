"""Home, in one glance: what waits for me, what is under way, what expires, what I may get now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

from starlette.responses import Response

from portal.frame.calls import CallRefused
from portal.frame.place import router as page_router
from portal.frame.visitors import Anybody
from portal.frame.visits import PageVisit
from portal.resident.answers import Confirmations, OwnApplications, OwnApplicationSummary
from portal.resident.applications import ENDED
from portal.resident.catalogue_answers import EligibilityOfAll, Items, Judged
from portal.resident.credentials import OwnCredential, OwnCredentials
from portal.resident.door_visits import visits_of
from portal.resident.visitors import wards_of
from runtime.clock import today, utc_now
from web.auth import Role

router = page_router()

SOON = timedelta(days=60)
"""How long before its end a credential is said to expire."""
_MINE = frozenset({"draft", "returned"})
"""States in which an application waits for its applicant."""
_OFFERED = 6


@router.get("/")
async def home(visit: Anybody) -> Response:
    """Show a resident's own glance, or to anybody else what there is."""
    if visit.person is None or visit.person.role is not Role.RESIDENT:
        items = await visit.part(visit.call.get_public("/v1/items", Items, limit=20))
        return visit.show("resident/welcome.html", here="home", items=items)
    return await _glance(visit)


async def _glance(visit: PageVisit) -> Response:
    call = visit.call
    applications, confirmations, visits, credentials, judged, wards = await asyncio.gather(
        visit.part(call.get("/v1/applications", OwnApplications, limit=50)),
        visit.part(call.get("/v1/confirmations", Confirmations, limit=20)),
        visit.part(visits_of(visit)),
        visit.part(call.get("/v1/credentials", OwnCredentials, limit=100)),
        visit.part(_judged(visit)),
        visit.part(wards_of(visit)),
    )
    own = applications.items if applications else ()
    return visit.show(
        "resident/home.html",
        here="home",
        known=applications,
        mine=[each for each in own if each.state in _MINE],
        under_way=[each for each in own if each.state not in _MINE | ENDED],
        confirmations=confirmations,
        visits=[each for each in visits.visits if each.waits_for_applicant] if visits else (),
        expiring=_expiring(credentials.items if credentials else (), today(utc_now())),
        may=None if judged is None else _possible(judged, has_wards=bool(wards)),
        wards=wards or (),
        decided=_latest(own),
    )


async def _judged(visit: PageVisit) -> EligibilityOfAll:
    """Ask what the person may get; nothing is known of one who was registered this very moment."""
    try:
        return await visit.call.get("/v1/eligibility", EligibilityOfAll)
    except CallRefused as refused:
        if refused.problem.code == "not-registered":
            return EligibilityOfAll(items=())
        raise


def _possible(judged: EligibilityOfAll, *, has_wards: bool) -> list[Judged]:
    """Return what can be applied for today; what may be had in some years stands at its item."""
    now = {"may", "choose-child"} if has_wards else {"may"}
    return [each for each in judged.items if each.verdict in now][:_OFFERED]


def _expiring(credentials: Sequence[OwnCredential], now: date) -> list[OwnCredential]:
    return [
        each
        for each in credentials
        if each.valid_until is not None and now <= each.valid_until <= now + SOON and each.is_valid
    ]


def _latest(applications: Sequence[OwnApplicationSummary]) -> list[OwnApplicationSummary]:
    return [each for each in applications if each.state in ENDED][:3]
