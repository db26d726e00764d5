"""`verify`: walks the whole record and says that it is whole, or names the first block and entry that is not right."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pymongo

from data_rights import store
from data_rights.commands.telling import Teller
from data_rights.config import Settings
from data_rights.domain.verifying import Verifying
from runtime.kernel import Database, Kernel

WHOLE = 0
NOT_WHOLE = 3
PATIENCE = 5.0
"""Seconds until a store that does not answer counts as down."""
_AT_ONCE = 20
"""Blocks that are read at once."""


async def run(settings: Settings, teller: Teller, heads: Iterable[Path]) -> int:
    """Check the record, also against saved heads; return the exit code. Raises PyMongoError, OSError, ValueError."""
    kept = read_heads(heads)
    kernel = Kernel("data-rights", settings)
    try:
        with pymongo.timeout(PATIENCE):
            await kernel.client.admin.command("ping")
        return _tell(await check(kernel.database, kept, teller), teller)
    finally:
        await kernel.stop()


async def check(database: Database, heads: dict[int, str], teller: Teller) -> Verifying:
    """Walk the chain; the heads that the store itself remembers are compared too."""
    accesses, chain = store.AccessDocuments.of(database), store.ChainDocuments.of(database)
    verifying = Verifying({**{head.number: head.hash for head in await chain.heads_after(0, 0)}, **heads})
    while verifying.fault is None:
        blocks = await chain.after(verifying.number, _AT_ONCE)
        for block in blocks:
            placed = await accesses.placed(block.number)
            missing = {each.id for each in block.entries} - {each.id for each in placed}
            verifying.read(block, placed, await accesses.ended(sorted(missing)))
        teller.progress("verify.progress", blocks=verifying.number, entries=verifying.entries)
        if not blocks:
            verifying.end(await accesses.beyond(verifying.number))
            break
    return verifying


def read_heads(paths: Iterable[Path]) -> dict[int, str]:
    """Read files of heads, a JSON line each (`number`, `hash`). Raises OSError, and ValueError naming the line."""
    heads: dict[int, str] = {}
    for path in paths:
        for place, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                head = json.loads(text)
                heads[int(head["number"])] = str(head["hash"])
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}:{place}: {error!r}") from error
    return heads


def _tell(done: Verifying, teller: Teller) -> int:
    fault = done.fault
    if fault is None:
        counts = {"blocks": done.number, "entries": done.entries, "ended": done.ended, "heads": done.heads_met}
        teller.say("verify.whole", hash=done.hash, **counts)
        return WHOLE
    key = f"verify.problems.{fault.problem}"
    teller.say("verify.fault", block=fault.block, what=teller.text(key, entry=fault.entry))
    return NOT_WHOLE
