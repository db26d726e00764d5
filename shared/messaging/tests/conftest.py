"""Fixtures of the bus's own tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from messaging.topology import Topology
from shared.messaging.tests.harness import declare, kept, remove, small_topology
from testkit.fixtures import Addresses
from testkit.forked import preload

preload(["shared.messaging.tests.worker"])


@pytest.fixture
async def small(infrastructure: Addresses) -> AsyncIterator[Topology]:
    """A topology of the test's own, declared and empty."""
    declared = small_topology()
    await declare(infrastructure.amqp, declared)
    yield declared
    await remove(infrastructure.amqp, declared)


@pytest.fixture
async def watched(infrastructure: Addresses, small: Topology) -> AsyncIterator[Topology]:
    """The same, kept declared: what a test deletes is there again soon."""
    async with kept(infrastructure.amqp, small):
        yield small
