"""The composition root: settings, stores, rules, routes, subscriptions."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import Counter

from matcher import api, consumers, store
from matcher.config import Settings
from matcher.domain.guardianship import Guardianship
from matcher.domain.rules import DocumentType
from matcher.handlers.needs import Deps
from matcher.handlers.turning import turn
from messaging.documents import Database, Documents
from runtime import data_files, service
from runtime.clock import utc_now
from runtime.erasing import Eraser
from runtime.presences import Presence
from runtime.records.persons import Opener

NAME = "matcher"
_MATCHES = Counter(
    "yizheng_matches", "Requirements answered, by what the nearest evidence is", ["result", "document_type", "source"]
)


async def build(database: Database, settings: Settings) -> Deps:
    """Put together what the handlers need. Raises DataFileError for rules with an error."""
    return Deps(
        evidence=store.EvidenceStore(database, statistics_for=settings.statistics_for),
        items=store.ItemStore(database),
        guardianships=Documents(database, "guardianships", Guardianship),
        presences=Documents(database, "presences", Presence),
        rules=read_rules(settings),
        opener=Opener.from_folder(settings.keys, settings.blind_index()),
        clock=utc_now,
        tally=_count,
        eraser=Eraser.of(NAME, database, settings, store.held),
    )


def read_rules(settings: Settings) -> dict[str, DocumentType]:
    """Read the comparison rules. Raises DataFileError naming file and line."""
    return data_files.load(settings.document_types, dict[str, DocumentType])


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service."""
    settings = settings or Settings()
    read_rules(settings)  # an error in them must end the start at once, before anything is opened
    return service.create_app(
        name=NAME,
        settings=settings,
        router=api.router,
        subscriptions=consumers.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        periodic=(service.Periodic("turn-holdings", every=settings.turn_every, work=turn),),
    )


def _count(*, proven: bool, document_type: str, source: str | None) -> None:
    _MATCHES.labels("succeeded" if proven else "failed", document_type, source or "none").inc()
