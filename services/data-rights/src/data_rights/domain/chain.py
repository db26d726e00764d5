"""The chain: entries are sealed into blocks, each of which carries the hash of the one before.

A block's hash is the SHA-256 of the canonical JSON of its number, the previous hash, when it was sealed and the digests
of its entries in order. A head is the number and hash of a block that was published: whoever keeps heads can tell when
anything up to there was altered, removed, inserted or put into another order, even when the whole chain is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from data_rights.domain.access import canonical, stamp
from data_rights.domain.record import Record

BEGINNING = "0" * 64
"""What stands for the hash before the first block."""

LARGEST_BLOCK = 500
"""Entries that a block has at most: one transaction seals them."""


class Sealed(Record):
    """An entry's place in a block: its id and digest."""

    id: str
    digest: str


class Block(Record):
    """A block, `id` its number as text. Numbers count up from 1 without a gap."""

    id: str
    version: int = 0
    number: int
    previous: str
    at: datetime
    entries: tuple[Sealed, ...]
    hash: str


class Head(Record):
    """A published end of the chain: block `number` had this `hash` at that time."""

    id: str
    version: int = 0
    number: int
    hash: str
    at: datetime


def follow(last: Block | None, entries: Sequence[Sealed], at: datetime) -> Block:
    """Return the block that comes after the last one."""
    number, previous = (last.number + 1, last.hash) if last else (1, BEGINNING)
    block = Block(id=block_id(number), number=number, previous=previous, at=at, entries=tuple(entries), hash="")
    return block.model_copy(update={"hash": hash_of(block)})


def hash_of(block: Block) -> str:
    """Return the hash that a block must have, in hex."""
    told = {
        "number": block.number,
        "previous": block.previous,
        "at": stamp(block.at),
        "entries": [[entry.id, entry.digest] for entry in block.entries],
    }
    return sha256(canonical(told)).hexdigest()


def block_id(number: int) -> str:
    """Return the id of a block; ids sort as numbers do."""
    return f"b{number:012d}"


def head_of(block: Block, at: datetime) -> Head:
    """Return a block as the head that is published at a time."""
    return Head(id=block.id, number=block.number, hash=block.hash, at=at)
