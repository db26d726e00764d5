"""The composition root: settings, store, keys, routes and periodic work, put together once."""

from __future__ import annotations

from fastapi import FastAPI

from identity import api, consumers
from identity.config import Settings
from identity.handlers import guardianship
from identity.handlers.needs import Deps
from identity.store.documents import INDEXES, guardianships_in, held, presences_in, residents_in, terminals_in
from runtime import service
from runtime.clock import utc_now
from runtime.erasing import Eraser
from runtime.kernel import Database
from runtime.service import Periodic
from standards import communities

NAME = "identity"
AN_HOUR = 3600.0


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the service together. Raises DataFileError when a key or a data file can't be used."""
    settings = settings or Settings()
    numbers = settings.blind_index()
    codes = communities.codes()

    async def build(database: Database, _: Settings) -> Deps:
        return Deps(
            residents=residents_in(database),
            guardianships=guardianships_in(database),
            terminals=terminals_in(database),
            presences=presences_in(database),
            numbers=numbers,
            communities=codes,
            clock=utc_now,
            eraser=Eraser.of(NAME, database, settings, held),
        )

    return service.create_app(
        name=NAME,
        settings=settings,
        router=api.router,
        subscriptions=consumers.SUBSCRIPTIONS,
        build=build,
        indexes=INDEXES,
        periodic=(Periodic("end-guardianships-at-majority", every=AN_HOUR, work=guardianship.end_at_majority),),
    )
