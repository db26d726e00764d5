"""Checking the record: whether nothing in it was altered, removed, inserted, put into another order or made anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from data_rights.domain.access import Access, digest
from data_rights.domain.chain import BEGINNING, Block, block_id, hash_of
from data_rights.domain.record import Record

Problem = Literal[
    "block-removed",
    "block-altered",
    "chain-broken",
    "head-differs",
    "cut-off",
    "entry-altered",
    "entry-removed",
    "entry-inserted",
]


class Fault(Record):
    """The first thing that is not right: what, in which block, and which entry, where it is one."""

    problem: Problem
    block: int
    entry: str | None = None


@dataclass(slots=True)
class Verifying:
    """Follows the chain from its beginning, block by block; the first fault ends it.

    `heads` are hashes by block number that somebody kept: a chain that was made anew agrees with itself, not with them.
    """

    heads: Mapping[int, str] = field(default_factory=dict)
    number: int = 0
    hash: str = BEGINNING
    entries: int = 0
    ended: int = 0
    heads_met: int = 0
    fault: Fault | None = None

    def read(self, block: Block, placed: Iterable[Access], ended: Mapping[str, str]) -> None:
        """Check the next block against the entries that say they are in it; `ended` are digests without content."""
        if self.fault is None:
            self.fault = self._of_block(block) or self._of_entries(block, {each.id: each for each in placed}, ended)
        if self.fault is None:
            self.number, self.hash = block.number, block.hash
            self.entries += len(block.entries)
            self.heads_met += block.number in self.heads

    def end(self, stray: Access | None) -> None:
        """Check that nothing is missing at the end; `stray` is an entry that names a block which there is not."""
        last_kept = max(self.heads, default=0)
        if self.fault is None and last_kept > self.number:
            self.fault = Fault(problem="cut-off", block=self.number + 1)
        if self.fault is None and stray is not None:
            self.fault = Fault(problem="entry-inserted", block=stray.block or 0, entry=stray.id)

    def _of_block(self, block: Block) -> Fault | None:
        expected = self.number + 1
        if block.number != expected or block.id != block_id(expected):
            is_later = block.id > block_id(expected)
            return Fault(problem="block-removed" if is_later else "block-altered", block=expected)
        if self.heads.get(expected, block.hash) != block.hash:
            return Fault(problem="head-differs", block=expected)
        if block.hash != hash_of(block):
            return Fault(problem="block-altered", block=expected)
        if block.previous != self.hash:
            return Fault(problem="chain-broken", block=expected)
        return None

    def _of_entries(self, block: Block, placed: dict[str, Access], ended: Mapping[str, str]) -> Fault | None:
        for sealed in block.entries:
            entry = placed.pop(sealed.id, None)
            if entry is None and ended.get(sealed.id) == sealed.digest:
                self.ended += 1
            elif entry is None:
                return Fault(problem="entry-removed", block=block.number, entry=sealed.id)
            elif digest(entry) != sealed.digest:
                return Fault(problem="entry-altered", block=block.number, entry=sealed.id)
        stranger = next(iter(placed), None)
        return None if stranger is None else Fault(problem="entry-inserted", block=block.number, entry=stranger)
