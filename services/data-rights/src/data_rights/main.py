"""The composition root: settings, stores, routes, subscriptions, and what goes on beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI

from bus import topology
from bus.topology import Topology
from data_rights import api, store, subscriptions
from data_rights.config import Settings
from data_rights.domain.correctable import Correctables
from data_rights.events import ExportRequested
from data_rights.handlers import blocks, export_requests
from data_rights.handlers.dependencies import Deps
from privacy.erasure import Eraser
from runtime.clock import utc_now
from runtime.data_files import load
from runtime.json_signatures import SigningKeys
from store import retention
from store.repository import Database
from web import service
from web.batches import Batches
from web.periodic import Periodic
from web.reviewers import Reviewers
from web.service import Background
from web.service_runtime import ServiceRuntime
from web.signed_requests import SignedRequests

NAME = "data-rights"
END_EVERY = 300.0
"""Seconds between two looks for exports whose time is over."""
WRITE_EVERY = 10.0
"""Seconds between two looks for published heads that are not in the file yet."""


async def build(database: Database, settings: Settings) -> Deps:
    """Put together what the handlers need."""
    bus = topology.load(settings.topology)
    eraser = Eraser.of(NAME, database, settings, store.held)
    return Deps(
        people=store.people(database),
        guardianships=store.guardianships(database),
        accesses=store.AccessDocuments.of(database),
        chain=store.ChainDocuments.of(database),
        record_keys=SigningKeys.from_file(settings.keys / "record.key"),
        disputes=store.DisputeDocuments.of(database),
        corrections=store.CorrectionDocuments.of(database),
        correctables=load(settings.correctable, Correctables),
        holdings=store.KnownCredentialDocuments.of(database),
        exports=store.ExportDocuments.of(database),
        erasures=store.ErasureDocuments.of(database),
        exporting=bus.subscriptions[ExportRequested.type],
        erasing=_answering(bus),
        eraser=eraser,
        terms=retention.read(settings.retention),
        settings=settings,
        digest=database.vault.digest,
        reviewers=Reviewers.read(settings.reviewers),
        signed_requests=SignedRequests.of(settings, database),
        clock=utc_now,
    )


def _answering(bus: Topology) -> tuple[str, ...]:
    """Return the services that tell what they have erased."""
    return tuple(type_.partition(".")[0] for type_ in bus.subscriptions if type_.endswith(".data-erased.v1"))


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service."""
    chosen = settings or Settings()
    return service.create_app(
        name=NAME,
        settings=chosen,
        router=api.router,
        subscriptions=subscriptions.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        cascades=store.CASCADES,
        periodic=(
            Periodic("publish-head", every=chosen.publish_every, work=blocks.publish_head),
            Periodic("write-heads", every=WRITE_EVERY, work=blocks.write_heads),
            Periodic("end-exports", every=END_EVERY, work=export_requests.end),
        ),
        background=_seal,
    )


def _seal(runtime: ServiceRuntime, deps: Deps) -> Sequence[Background]:
    return (Batches("seal-record", runtime, partial(blocks.seal_next, deps)),)
