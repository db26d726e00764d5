"""The composition root: settings, store, keys, routes and periodic work, put together once."""

from __future__ import annotations

from fastapi import FastAPI

from identity import api, subscriptions
from identity.config import Settings
from identity.handlers import guardianship, queries
from identity.handlers.dependencies import Deps
from identity.store.documents import (
    INDEXES,
    GuardianshipStore,
    PresenceStore,
    ResidentStore,
    TerminalStore,
    answers_in,
    held,
)
from privacy.erasure import Eraser
from privacy.own_requests import OwnRequests
from runtime.clock import today, utc_now
from standards import communities
from store.repository import Database
from web import service
from web.periodic import Periodic
from web.reviewers import Reviewers
from web.signed_requests import SignedRequests

NAME = "identity"
AN_HOUR = 3600.0


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the service together. Raises DataFileError when a key or a data file can't be used."""
    settings = settings or Settings()
    numbers = settings.blind_index()
    codes = communities.codes()
    reviewers = Reviewers.read(settings.reviewers)

    async def build(database: Database, settings: Settings) -> Deps:
        guardianships = GuardianshipStore(database)

        async def acts_for(one: str, other: str) -> bool:
            return await queries.acts_for(one, other, guardianships, today(utc_now()))

        signed_requests = SignedRequests.of(settings, database)
        return Deps(
            residents=ResidentStore(database),
            guardianships=guardianships,
            terminals=TerminalStore(database),
            presences=PresenceStore(database),
            answers=answers_in(database),
            reviewers=reviewers,
            signed_requests=signed_requests,
            numbers=numbers,
            communities=codes,
            clock=utc_now,
            eraser=Eraser.of(NAME, database, settings, held, acts_for=acts_for),
            own_requests=OwnRequests(signed_requests, acts_for),
        )

    return service.create_app(
        name=NAME,
        settings=settings,
        router=api.router,
        subscriptions=subscriptions.SUBSCRIPTIONS,
        build=build,
        indexes=INDEXES,
        periodic=(Periodic("end-guardianships-at-majority", every=AN_HOUR, work=guardianship.end_at_majority),),
    )
