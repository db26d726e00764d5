"""Checking the record: whether nothing in it was altered, removed, inserted, put into another order or made anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from data_rights.domain.access import RETENTION, Access, Ended, digest
from data_rights.domain.chain import Block, block_id, due, hash_of
from data_rights.domain.record import RightsModel
from standards.hash_chain import BEGINNING

Problem = Literal[
    "block-removed",
    "block-altered",
    "chain-broken",
    "head-differs",
    "cut-off",
    "entry-altered",
    "entry-removed",
    "entry-inserted",
    "ended-too-early",
    "entry-unreadable",
    "head-unreadable",
]


_BEGINNING = datetime.min.replace(tzinfo=UTC)


class RecordFault(RightsModel):
    """The first thing that is not right: what, in which block, and which entry, where it is one."""

    problem: Problem
    block: int
    entry: str | None = None


@dataclass(slots=True)
class RecordVerification:
    """Follows the chain from its beginning, block by block; the first fault ends it.

    `heads` are hashes by block number that were published: a chain that was made anew agrees with itself, not with
    them. Where two sources of heads contradict each other, no chain agrees with both.

    An entry without content counts as ended when its digest was left for its block, and by `now` the term that is
    chained in its block has passed since the block was sealed. A block that says it was sealed before the one that it
    follows counts as sealed with that one.
    """

    now: datetime
    heads: Mapping[int, Collection[str]] = field(default_factory=dict)
    number: int = 0
    hash: str = BEGINNING
    sealed_at: datetime = _BEGINNING
    entries: int = 0
    ended: int = 0
    heads_met: int = 0
    fault: RecordFault | None = None

    def read(self, block: Block, placed: Iterable[Access], ended: Mapping[str, Ended]) -> None:
        """Check the next block against the entries that say they are in it; `ended` is what was left of others."""
        if self.fault is None:
            self.fault = self._of_block(block) or self._of_entries(block, {each.id: each for each in placed}, ended)
        if self.fault is None:
            self.number, self.hash, self.sealed_at = block.number, block.hash, max(self.sealed_at, block.at)
            self.entries += len(block.entries)
            self.heads_met += block.number in self.heads

    def end(self, stray: str | None) -> None:
        """Check that nothing is missing at the end; `stray` is an entry that names a block which there is not."""
        last_kept = max(self.heads, default=0)
        if self.fault is None and last_kept > self.number:
            self.fault = RecordFault(problem="cut-off", block=self.number + 1)
        if self.fault is None and stray is not None:
            self.fault = RecordFault(problem="entry-inserted", block=self.number + 1, entry=stray)

    def _of_block(self, block: Block) -> RecordFault | None:
        expected = self.number + 1
        if block.number != expected or block.id != block_id(expected):
            is_later = block.id > block_id(expected)
            return RecordFault(problem="block-removed" if is_later else "block-altered", block=expected)
        if any(published != block.hash for published in self.heads.get(expected, ())):
            return RecordFault(problem="head-differs", block=expected)
        if block.hash != hash_of(block):
            return RecordFault(problem="block-altered", block=expected)
        if block.previous != self.hash:
            return RecordFault(problem="chain-broken", block=expected)
        return None

    def _of_entries(self, block: Block, placed: dict[str, Access], ended: Mapping[str, Ended]) -> RecordFault | None:
        ends_at = due(max(self.sealed_at, block.at), block.term)
        for sealed in block.entries:
            entry, left = placed.pop(sealed.id, None), ended.get(sealed.id)
            if entry is None:
                if left is None or (left.digest, left.block, left.why) != (sealed.digest, block.number, RETENTION):
                    return RecordFault(problem="entry-removed", block=block.number, entry=sealed.id)
                if min(self.now, left.at) < ends_at:
                    return RecordFault(problem="ended-too-early", block=block.number, entry=sealed.id)
                self.ended += 1
            elif digest(entry) != sealed.digest:
                return RecordFault(problem="entry-altered", block=block.number, entry=sealed.id)
        stranger = next(iter(placed), None)
        return None if stranger is None else RecordFault(problem="entry-inserted", block=block.number, entry=stranger)
