"""The composition root: settings, stores, rules, routes, subscriptions."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from matcher import api, store, subscriptions
from matcher.config import Settings
from matcher.domain.item import Item
from matcher.domain.rules import ComparedType, Rules
from matcher.handlers.calendar_days import turn
from matcher.handlers.dependencies import Deps
from privacy.erasure import Eraser
from privacy.guardianships import Guardianships
from privacy.own_requests import OwnRequests
from records.persons import Opener
from runtime.clock import utc_now
from standards.document_types import FOLDER, read
from store.repository import Database, Repository
from web import service
from web.periodic import Periodic
from web.presences import KnownPresence
from web.signed_requests import SignedRequests

NAME = "matcher"


async def build(database: Database, settings: Settings) -> Deps:
    """Put together what the handlers need. Raises DataFileError for rules with an error."""
    guardianships = Guardianships.of(database)
    signed_requests = SignedRequests.of(settings, database)
    return Deps(
        evidence=store.EvidenceStore(database, statistics_for=settings.statistics_for),
        items=Repository(database, store.ITEMS, Item),
        guardianships=guardianships,
        presences=Repository(database, "presences", KnownPresence),
        rules=read_rules(),
        opener=Opener.from_folder(settings.keys, settings.blind_index()),
        signed_requests=signed_requests,
        clock=utc_now,
        eraser=Eraser.of(NAME, database, settings, store.held, acts_for=guardianships.acts_for),
        own_requests=OwnRequests(signed_requests, guardianships.acts_for),
    )


def read_rules(folder: Path = FOLDER) -> Rules:
    """Read how documents are compared. Raises DataFileError naming file and line."""
    return {code: registered.rules for code, registered in read(ComparedType, folder).items()}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service."""
    settings = settings or Settings()
    read_rules()  # an error in them must end the start at once, before anything is opened
    return service.create_app(
        name=NAME,
        settings=settings,
        router=api.router,
        subscriptions=subscriptions.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        periodic=(Periodic("turn-holdings", every=settings.turn_every, work=turn),),
    )
