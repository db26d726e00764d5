"""The whole system with its portal and identity provider, once for all tests of this folder, and browsers for it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from local_stack.ports import PROCESSES
from local_stack.stack import Stack
from runtime.clock import today, utc_now
from synthetic.households import Household, households
from testkit import places
from testkit.infrastructure import free_ports, killed_at_the_end
from testkit.prepared import prepared
from tests.browser.visitor import Visitors, chromium
from tests.end_to_end.town import PERFECT, Town
from tests.journeys.demo import system_of

FOLDER = "tests/browser/"
PORT_BASE = 30000
SEED = 1302


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Run all tests of this folder on one event loop, as they share a browser."""
    for item in items:
        if item.nodeid.startswith(FOLDER) and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@pytest.fixture(scope="package")
def stack(broker_and_store: None) -> Iterator[Stack]:
    """Start everything; nothing is left of it afterwards."""
    with places.folder("portal") as folder, prepared(folder) as start, killed_at_the_end() as undo:
        base = free_ports(PORT_BASE).base
        yield undo.enter_context(Stack(folder, port_base=base, services=PROCESSES, start=start))


@pytest.fixture(scope="package")
def unmet() -> Iterator[Household]:
    """Household after household."""
    return households(SEED, today(utc_now()), PERFECT)


@pytest_asyncio.fixture(loop_scope="package")
async def town(stack: Stack, unmet: Iterator[Household]) -> AsyncIterator[Town]:
    """The running system with people in it, for what happens beside the browser."""
    async with system_of(stack).connect() as client:
        yield Town(stack, system_of(stack), client, today(utc_now()), unmet)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Debian's browser, one for all: what people keep in theirs is each visitor's own."""
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="package")
async def visitors(stack: Stack, browser: Browser) -> AsyncIterator[Visitors]:
    """People with a browser each; what went wrong in any of them fails the test."""
    made = Visitors(browser, stack.gateway_url, has_pictures="PICTURES" in os.environ)
    yield made
    faults = await made.leave()
    assert faults == []
