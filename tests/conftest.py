"""Broker and store for the whole systems that these tests start."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def broker_and_store(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let every Stack use the containers when there are some (TESTCONTAINERS=1); else each starts its own processes."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("TESTCONTAINERS"):
            addresses = request.getfixturevalue("infrastructure")
            patch.setenv("AMQP_URL", addresses.amqp)
            patch.setenv("MONGODB_URL", addresses.mongodb)
            patch.setenv("YIZHENG_BROKER_ACCOUNTS", str(addresses.accounts))
        yield
