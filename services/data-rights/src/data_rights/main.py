"""The composition root: settings, stores, routes, subscriptions, and what goes on beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI

from data_rights import api, consumers, store
from data_rights.config import Settings
from data_rights.domain.correctable import Correctables
from data_rights.handlers import exporting, sealing
from data_rights.handlers.needs import Deps
from data_rights.published import ExportRequested
from messaging import topology
from messaging.topology import Topology
from runtime import retention, service
from runtime.batches import Batches
from runtime.clock import utc_now
from runtime.data_files import load
from runtime.erasing import Eraser
from runtime.kernel import Database, Kernel
from runtime.service import Background, Periodic
from runtime.signing import SigningKeys

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
        correctables=load(settings.documents, Correctables),
        holdings=store.HoldingDocuments.of(database),
        exports=store.ExportDocuments.of(database),
        erasures=store.ErasureDocuments.of(database),
        exporting=bus.subscriptions[ExportRequested.type],
        erasing=_answering(bus),
        eraser=eraser,
        terms=retention.read(settings.retention),
        settings=settings,
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
        subscriptions=consumers.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        belongings=store.BELONGINGS,
        periodic=(
            Periodic("publish-head", every=chosen.publish_every, work=sealing.publish_head),
            Periodic("write-heads", every=WRITE_EVERY, work=sealing.write_heads),
            Periodic("end-exports", every=END_EVERY, work=exporting.end),
        ),
        background=_seal,
    )


def _seal(kernel: Kernel, deps: Deps) -> Sequence[Background]:
    return (Batches("seal-record", kernel, partial(sealing.seal_next, deps)),)
