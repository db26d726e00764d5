"""Puts operations together."""

from __future__ import annotations

from fastapi import FastAPI

from bus import topology
from bus.topology import OPERATIONS
from operations import api, store, subscriptions, web
from operations.config import Settings
from operations.domain.tokens import FieldKey
from operations.handlers import data_erasure, gauges, groups, retention, trail_recorder
from operations.handlers.dependencies import Deps
from operations.store import earlier
from operations.store.audit import AuditDocuments
from operations.store.contracts import contracts_in
from operations.store.edits import EditDocuments
from operations.store.erased import ErasedDocuments
from operations.store.failures import FailureDocuments
from operations.store.groups import GroupDocuments
from operations.store.queues import BrokerQueues
from operations.store.replays import ReplayDocuments
from operations.store.trail import TrailStore
from privacy.own_requests import OwnRequests
from runtime.clock import utc_now
from store.repository import Database
from web import service
from web.periodic import Periodic
from web.signed_requests import SignedRequests

MEASURE_EVERY = 10.0
"""Seconds between readings of the gauges."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service."""
    chosen = settings or Settings()

    async def build(database: Database, settings: Settings) -> Deps:
        words_key = FieldKey(settings.blind_index().key, bytes.fromhex(database.vault.digest(b"failure-words")))
        await earlier.own_words(database)
        await earlier.renew_words(database, words_key)
        declared = topology.load(settings.topology)
        cipher = settings.event_cipher(OPERATIONS, declared)
        return Deps(
            clock=utc_now,
            topology=declared,
            signer=settings.event_signer(OPERATIONS, cipher),
            keys=settings.event_keys(declared, cipher),
            cipher=cipher,
            settings=settings,
            contracts=contracts_in(settings.contracts),
            words_key=words_key,
            failures=FailureDocuments(database),
            groups=GroupDocuments(database),
            audit=AuditDocuments(database, utc_now),
            trail=TrailStore(database),
            erased=ErasedDocuments(database),
            replays=ReplayDocuments(database, utc_now),
            edits=EditDocuments(database),
            queues=BrokerQueues(settings.amqp_url),
            own_requests=OwnRequests(SignedRequests.of(settings, database)),
        )

    return service.create_app(
        name="operations",
        settings=chosen,
        router=api.router,
        pages=web.pages,
        subscriptions=subscriptions.SUBSCRIPTIONS,
        build=build,
        indexes=store.INDEXES,
        cascades=store.CASCADES,
        background=subscriptions.background,
        periodic=(
            Periodic("forget-failures", every=chosen.forget_every, work=retention.forget, in_slices=True),
            Periodic("fold-groups", every=groups.FOLD_EVERY, work=groups.compact),
            Periodic("measure", every=MEASURE_EVERY, work=gauges.measure, in_each=True),
            Periodic("erase-again", every=data_erasure.AGAIN_EVERY, work=data_erasure.erase_again, in_slices=True),
            Periodic("forget-trail", every=chosen.forget_every, work=trail_recorder.forget),
        ),
    )
