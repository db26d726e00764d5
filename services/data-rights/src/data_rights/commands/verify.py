"""`verify`: walks the whole record and says that it is whole, or names the first block and entry that is not right."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pymongo

from data_rights.commands import kept_heads
from data_rights.commands.console import RecordConsole
from data_rights.commands.kept_heads import KeptHeads
from data_rights.config import Settings
from data_rights.domain.chain import Block
from data_rights.domain.verification import RecordFault, RecordVerification
from data_rights.store.walk import UnreadableError, Walk
from runtime.clock import Clock, utc_now
from runtime.json_signatures import PublicKeys
from store.repository import Database
from web.service_runtime import ServiceRuntime

Heads = Mapping[int, Collection[str]]

WHOLE = 0
NOT_WHOLE = 3
PATIENCE = 5.0
"""Seconds until a store that does not answer counts as down."""
_AT_ONCE = 20
"""Blocks that are read at once."""


async def run(settings: Settings, teller: RecordConsole, heads: Iterable[Path], keys: Path | None = None) -> int:
    """Check the record, also against saved heads; return the exit code. Raises PyMongoError, OSError, ValueError.

    `keys`: a file with the public keys that sign heads; by default `record.pub` of the settings' folder, where it is.
    """
    kept = kept_heads.read(heads, _keys(keys or settings.keys / "record.pub", is_wanted=keys is not None))
    runtime = ServiceRuntime("data-rights", settings)
    try:
        with pymongo.timeout(PATIENCE):
            await runtime.client.admin.command("ping")
        return _tell(await check(runtime.database, kept.hashes, teller), kept, teller)
    finally:
        await runtime.stop()


async def check(database: Database, heads: Heads, teller: RecordConsole, clock: Clock = utc_now) -> RecordVerification:
    """Walk the chain; the heads that the store itself remembers are compared too."""
    walk, verifying = Walk(database), RecordVerification(clock(), heads)
    try:
        verifying.heads = _together(heads, {head.number: {head.hash} for head in await walk.heads()})
    except UnreadableError:
        verifying.fault = RecordFault(problem="head-unreadable", block=0)
    while verifying.fault is None:
        outside = await walk.outside(verifying.number)  # first: what is sealed meanwhile is in one of the blocks below
        try:
            blocks = await walk.blocks_after(verifying.number, _AT_ONCE)
        except UnreadableError:
            verifying.fault = RecordFault(problem="block-altered", block=verifying.number + 1)
            break
        for block in blocks:
            await _read(block, walk, verifying)
        teller.progress("verify.progress", blocks=verifying.number, entries=verifying.entries)
        if not blocks:
            verifying.end(outside)
            break
    return verifying


async def _read(block: Block, walk: Walk, verifying: RecordVerification) -> None:
    try:
        placed = await walk.placed(block.number)
    except UnreadableError as error:
        verifying.fault = verifying.fault or RecordFault(problem="entry-unreadable", block=block.number, entry=error.id)
        return
    missing = {each.id for each in block.entries} - {each.id for each in placed}
    verifying.read(block, placed, await walk.ended(sorted(missing)))


def _together(one: Heads, other: Heads) -> Heads:
    return {number: {*one.get(number, ()), *other.get(number, ())} for number in {*one, *other}}


def _keys(path: Path, *, is_wanted: bool) -> PublicKeys | None:
    if not is_wanted and not path.exists():
        return None
    if path.suffix == ".json":
        return PublicKeys.from_jwks(json.loads(path.read_text(encoding="utf-8")))
    return PublicKeys.from_file(path)


def _tell(done: RecordVerification, kept: KeptHeads, teller: RecordConsole) -> int:
    fault = done.fault
    fixed = kept.fixed(done.number)
    since = {"block": fixed[0], "since": fixed[1].isoformat(" ", "seconds")} if fixed else {}
    if fault is None:
        counts = {"blocks": done.number, "entries": done.entries, "ended": done.ended, "heads": done.heads_met}
        teller.say("verify.whole", hash=done.hash, **counts)
        teller.say("verify.fixed" if fixed else "verify.not-fixed", **since)
        return WHOLE
    key = f"verify.problems.{fault.problem}"
    teller.say("verify.fault", block=fault.block, what=teller.text(key, entry=fault.entry))
    if fixed:
        teller.say("verify.fixed", **since)
    return NOT_WHOLE
