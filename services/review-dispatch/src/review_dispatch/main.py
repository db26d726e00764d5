"""Composition root: settings, district, stores, API, subscriptions, periodic work."""

from __future__ import annotations

from fastapi import FastAPI

from privacy.erasure import Eraser
from privacy.own_requests import OwnRequests
from review_dispatch import api, store, subscriptions
from review_dispatch.config import Settings, load_district
from review_dispatch.handlers import deadlines, photographs
from review_dispatch.handlers.dependencies import Deps
from runtime import holidays
from runtime.clock import utc_now
from scans.sanitiser import Sanitiser
from store.repository import Database
from web import service
from web.periodic import Periodic
from web.server_sent_events import Watch
from web.signed_requests import SignedRequests

NAME = "review-dispatch"
AN_HOUR = 3600.0
COUNT_EVERY = 30.0
"""Seconds between readings of the gauges."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the service together. Raises DataFileError when a route or a community can't be read."""
    settings = settings or Settings()
    district = load_district(settings.data)

    sanitiser = Sanitiser(without_sandbox=settings.clean_without_sandbox)

    async def build(database: Database, _settings: Settings) -> Deps:
        holidays.watch(district.calendar, NAME, utc_now())
        tasks = store.TaskStore(database)
        return Deps(
            tasks=tasks,
            watch=Watch(tasks.states),
            cases=store.cases_in(database),
            waiting=store.WaitingCount(database),
            district=district,
            clock=utc_now,
            eraser=Eraser.of(NAME, database, settings, store.held, store.CASCADES),
            own_requests=OwnRequests(SignedRequests.of(settings, database)),
            photographs=store.photographs_in(database),
            sanitiser=sanitiser,
        )

    return service.create_app(
        name=NAME,
        settings=settings,
        router=api.router,
        subscriptions=subscriptions.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        cascades=store.CASCADES,
        background=lambda _runtime, _deps: (sanitiser,),
        parts={"photographs": sanitiser.may_sanitise},
        periodic=(
            Periodic("escalate-overdue", every=settings.escalate_every, work=deadlines.escalate_overdue),
            Periodic("sweep-photographs", every=AN_HOUR, work=photographs.sweep),
            Periodic("count-waiting", every=COUNT_EVERY, work=deadlines.count_waiting, in_each=True),
        ),
    )
