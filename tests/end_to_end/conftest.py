"""The whole system, once for all tests of this folder and gone after them, and people whom nobody has met yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from local_stack.stack import Stack
from runtime.clock import today, utc_now
from synthetic.households import Household, households
from testkit import places
from testkit.infrastructure import free_ports, killed_at_the_end
from testkit.prepared import prepared
from tests.end_to_end.town import PERFECT, Town
from tests.journeys.demo import system_of

PORT_BASE = 27000
SEED = 4711


@pytest.fixture(scope="package")
def stack(broker_and_store: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start everything, with its traces in a file; nothing is left of it afterwards."""
    traces = tmp_path_factory.mktemp("end-to-end") / "traces.jsonl"
    with pytest.MonkeyPatch.context() as surroundings, places.folder("end-to-end") as folder:
        surroundings.setenv("YIZHENG_TRACES", str(traces))
        with prepared(folder) as start, killed_at_the_end() as undo:
            yield undo.enter_context(Stack(folder, port_base=free_ports(PORT_BASE).base, start=start))


@pytest.fixture(scope="session")
def unmet() -> Iterator[Household]:
    """Household after household."""
    return households(SEED, today(utc_now()), PERFECT)


@pytest.fixture
async def town(stack: Stack, unmet: Iterator[Household]) -> AsyncIterator[Town]:
    """The running system with connections to it."""
    async with system_of(stack).connect() as client:
        yield Town(stack, system_of(stack), client, today(utc_now()), unmet)
