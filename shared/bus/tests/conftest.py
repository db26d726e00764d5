"""Fixtures of the bus's own tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bus.topology import Topology
from shared.bus.tests.harness import declare, kept, remove, small_topology
from testkit.fixtures import StackAddresses
from testkit.forked import preload

preload(["shared.bus.tests.worker"])


@pytest.fixture
async def small(infrastructure: StackAddresses) -> AsyncIterator[Topology]:
    """A topology of the test's own, declared and empty."""
    declared = small_topology()
    await declare(infrastructure.amqp, declared)
    yield declared
    await remove(infrastructure.amqp, declared)


@pytest.fixture
async def watched(infrastructure: StackAddresses, small: Topology) -> AsyncIterator[Topology]:
    """The same, kept declared: what a test deletes is there again soon."""
    async with kept(infrastructure.amqp, small):
        yield small
