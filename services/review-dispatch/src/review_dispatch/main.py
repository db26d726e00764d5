"""Composition root: settings, district, stores, API, subscriptions, periodic work."""

from __future__ import annotations

from fastapi import FastAPI

from review_dispatch import api, consumers, store
from review_dispatch.config import Settings, load_district
from review_dispatch.handlers import deadlines, photographs
from review_dispatch.handlers.needs import Deps
from runtime import holidays, service
from runtime.clock import utc_now
from runtime.erasing import Eraser
from runtime.kernel import Database
from runtime.scans.cleaner import Cleaner
from runtime.server_sent_events import Watch
from runtime.service import Periodic

NAME = "review-dispatch"
AN_HOUR = 3600.0
COUNT_EVERY = 30.0
"""Seconds between readings of the gauges."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the service together. Raises DataFileError when a route or a community can't be read."""
    settings = settings or Settings()
    district = load_district(settings.data)

    cleaner = Cleaner(without_sandbox=settings.clean_without_sandbox)

    async def build(database: Database, _settings: Settings) -> Deps:
        holidays.watch(district.calendar, NAME, utc_now())
        tasks = store.tasks_in(database)
        return Deps(
            tasks=tasks,
            watch=Watch(tasks.states),
            cases=store.cases_in(database),
            waiting=store.WaitingCount(database),
            district=district,
            clock=utc_now,
            eraser=Eraser.of(NAME, database, settings, store.held, store.BELONGINGS),
            photographs=store.photographs_in(database),
            cleaner=cleaner,
        )

    return service.create_app(
        name=NAME,
        settings=settings,
        router=api.router,
        subscriptions=consumers.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        belongings=store.BELONGINGS,
        background=lambda _kernel, _deps: (cleaner,),
        parts={"photographs": cleaner.may_clean},
        periodic=(
            Periodic("escalate-overdue", every=settings.escalate_every, work=deadlines.escalate_overdue),
            Periodic("sweep-photographs", every=AN_HOUR, work=photographs.sweep),
            Periodic("count-waiting", every=COUNT_EVERY, work=deadlines.count_waiting, in_each=True),
        ),
    )
