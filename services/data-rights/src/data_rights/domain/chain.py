"""The chain: entries are sealed into blocks, each of which carries the hash of the one before.

A block's hash is the SHA-256 of the canonical JSON of its number, the previous hash, when it was sealed, the digests of
its entries in order and their term. A head is the number and hash of a block that was published: against heads that
were kept outside, one can tell when anything up to there was altered, removed, inserted or put into another order, even
when the whole chain is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime

from data_rights.domain.record import RightsModel
from standards.hash_chain import BEGINNING, digest, stamp

LARGEST_BLOCK = 500
"""Entries that a block has at most: one transaction seals them."""


FIRST_TERM = 1095
"""Days that entries are kept whose block does not say it: blocks of the first releases."""


class SealedEntry(RightsModel):
    """An entry's place in a block: its id and digest."""

    id: str
    digest: str


class Block(RightsModel):
    """A block, `id` its number as text. Numbers count up from 1 without a gap.

    `term` is for how many days after `at` the content of its entries must stay, as it was declared when it was sealed.
    """

    id: str
    version: int = 0
    number: int
    previous: str
    at: AwareDatetime
    entries: tuple[SealedEntry, ...]
    term: int | None = None
    hash: str


class Head(RightsModel):
    """A published end of the chain: block `number` had this `hash` at that time."""

    id: str
    version: int = 0
    number: int
    hash: str
    at: datetime
    signed: str | None = None
    """The same, signed (compact JWS), for those outside who keep it; heads of the first releases have none."""

    def told(self) -> dict[str, object]:
        return {"block": self.number, "hash": self.hash, "at": stamp(self.at)}


def follow(last: Block | None, entries: Sequence[SealedEntry], at: datetime, term: int) -> Block:
    """Return the block that comes after the last one; not sealed before that one, also where a clock was set back."""
    number, previous = (last.number + 1, last.hash) if last else (1, BEGINNING)
    block = Block(
        id=block_id(number),
        number=number,
        previous=previous,
        at=max(at, last.at) if last else at,
        entries=tuple(entries),
        term=term,
        hash="",
    )
    return block.model_copy(update={"hash": hash_of(block)})


def hash_of(block: Block) -> str:
    """Return the hash that a block must have, in hex."""
    told = {
        "number": block.number,
        "previous": block.previous,
        "at": stamp(block.at),
        "entries": [[entry.id, entry.digest] for entry in block.entries],
        **({} if block.term is None else {"term": block.term}),
    }
    return digest(told)


def due(at: datetime, term: int | None) -> datetime:
    """Return when the content of entries may end that were sealed at that time for so many days."""
    try:
        return at + timedelta(days=FIRST_TERM if term is None else term)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def block_id(number: int) -> str:
    """Return the id of a block; ids sort as numbers do."""
    return f"b{number:012d}"


def head_of(block: Block, at: datetime, *, again: str = "") -> Head:
    """Return a block as the head that is published at a time; `again`: the day on which it is published once more."""
    return Head(id=f"{block.id}-{again}" if again else block.id, number=block.number, hash=block.hash, at=at)
