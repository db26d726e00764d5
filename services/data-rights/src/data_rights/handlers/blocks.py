"""Sealing: entries that are in no block yet get their place in the chain, and its end is published."""

from __future__ import annotations

import fcntl
import json
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import TextIO

import structlog

from bus.event import Outcome
from data_rights.domain import chain
from data_rights.domain.access import digest
from data_rights.domain.chain import LARGEST_BLOCK, Head, SealedEntry
from data_rights.events import HeadPublished
from data_rights.handlers.dependencies import Deps
from runtime.clock import today

CASE = "record-heads"
"""The case of all published heads."""
HEAD = "record-head+jwt"
"""What a signed head says that it is."""
_HEADS_AT_ONCE = 1_000

log = structlog.get_logger()


async def seal_next(deps: Deps) -> AsyncGenerator[Sequence[Outcome[None]], None]:
    """Seal one block a run: each follows from the one that is stored."""
    if (block := await seal(deps)) is not None:
        yield block


async def seal(deps: Deps) -> Sequence[Outcome[None]] | None:
    """Put what waits into the next block: a full one at once, a smaller one when its first entry has waited a while.

    Two processes may do this: the block's number and each entry's place are written once, whoever is later tries again.
    """
    waiting = await deps.accesses.waiting(LARGEST_BLOCK) if await _is_time(deps) else ()
    if not waiting:
        return None
    last = await deps.chain.last()
    term = deps.terms.services["data-rights"]["accesses"].days
    assert term is not None  # noqa: S101 - a test holds the file to it
    block = chain.follow(last, [SealedEntry(id=each.id, digest=digest(each)) for each in waiting], deps.clock(), term)
    places = [deps.accesses.place(each.id, block.number) for each in waiting]
    return [Outcome(changes=[deps.chain.add(block), *places])]


async def publish_head(deps: Deps) -> Sequence[Outcome[None]]:
    """Publish where the chain ends, signed: when that is further than the last time, and once a day where it is not."""
    last, published, now = await deps.chain.last(), await deps.chain.last_head(), deps.clock()
    if last is None:
        return ()
    again = ""
    if published is not None and published.number >= last.number:
        if today(published.at) >= today(now):
            return ()
        again = f"{today(now):%Y%m%d}"
    head = chain.head_of(last, now, again=again)
    head = head.model_copy(update={"signed": deps.record_keys.sign(head.told(), HEAD)})
    event = HeadPublished(block=head.number, hash=head.hash, at=head.at, signed=head.signed)
    log.info("record_head_published", number=head.number, hash=head.hash)
    return (Outcome(changes=[deps.chain.publish(head)], events=[event], case=CASE),)


async def write_heads(deps: Deps) -> Sequence[Outcome[None]]:
    """Append the published heads that are not there yet to the file, where one is set."""
    path = deps.settings.heads
    if path is None:
        return ()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        if not _is_ours(file):
            return ()
        file.seek(0)
        lines = file.read().splitlines()
        known = json.loads(lines[-1])["number"] if lines else 0
        file.writelines(f"{line(head)}\n" for head in await deps.chain.heads_after(known, _HEADS_AT_ONCE))
    return ()


def _is_ours(file: TextIO) -> bool:
    """Lock a file until it is closed; tell whether no other process of this machine has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def line(head: Head) -> str:
    """Write a head as a line of such a file: JSON with `number`, `hash`, `at` and `signed`."""
    return json.dumps({"number": head.number, "hash": head.hash, "at": head.at.isoformat(), "signed": head.signed})


async def _is_time(deps: Deps) -> bool:
    """Tell whether a block is due, from its first entry and how many wait: the others need not be read for that."""
    first = await deps.accesses.waiting(1)
    if not first:
        return False
    has_waited = deps.clock() - first[0].at >= timedelta(seconds=deps.settings.seal_after)
    return has_waited or await deps.accesses.count_waiting(LARGEST_BLOCK) == LARGEST_BLOCK
