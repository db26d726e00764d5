"""Telling the system what the outside world holds: the mirror in bulk, the departments' records as events."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path

from synthetic.exchange import connected, publish_all
from synthetic.facts import departments_facts, mirror_withdrawals, write_mirror
from synthetic.population import Population


class LoadError(Exception):
    """Something could not be loaded; the message says what and why."""


async def load_mirror(population: Population, file: Path, environment: Mapping[str, str]) -> int:
    """Write the mirror's file and have the matcher's own command load it; return how many records. Raises LoadError."""
    count = await asyncio.to_thread(write_mirror, population.records, file)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "matcher", "load-mirror", str(file)),
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise LoadError(f"matcher load-mirror {file}: exit {process.returncode}\n{output.decode(errors='replace')}")
    return count


async def publish_records(population: Population, amqp_url: str, keys: Path, told: Callable[[int], None]) -> int:
    """Publish what departments hold and what the city has withdrawn, signed; return how many events."""
    facts = chain(
        departments_facts(population.records, population.told_at),
        mirror_withdrawals(population.records, population.told_at),
    )
    async with connected(amqp_url, keys) as outside:
        return await publish_all(outside, facts, told)


def count_of_events(population: Population) -> int:
    """Return how many events `publish_records` will publish."""
    return sum((record.keeper == "department") + (record.withdrawn is not None) for record in population.records)
