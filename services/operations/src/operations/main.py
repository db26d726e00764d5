"""Puts operations together."""

from __future__ import annotations

from fastapi import FastAPI

from messaging import topology
from operations import api, consumers, store
from operations.config import Settings
from operations.handlers.needs import Deps
from runtime import service
from runtime.clock import utc_now
from runtime.kernel import Database


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service."""
    chosen = settings or Settings()

    async def build(database: Database, settings: Settings) -> Deps:
        del database
        return Deps(clock=utc_now, topology=topology.load(settings.topology), settings=settings)

    return service.create_app(
        name="operations",
        settings=chosen,
        router=api.router,
        subscriptions=(),
        build=build,
        indexes=store.INDEXES,
        background=consumers.background,
    )
