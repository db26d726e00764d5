"""What the use cases need: the record, its chain, who people are, the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from data_rights.config import Settings
from data_rights.domain.access import Access
from data_rights.domain.asked import Asked
from data_rights.domain.chain import Block, Head
from data_rights.domain.correctable import Correctables
from data_rights.domain.correction import Correction
from data_rights.domain.dispute import Dispute
from data_rights.domain.erasure import Erasure
from data_rights.domain.export import Export, Part
from data_rights.domain.holding import Holding
from data_rights.domain.people import Guardianship, Person
from messaging.event import Change
from runtime.clock import Clock
from runtime.erasing import Erased
from runtime.holders import Holder
from runtime.retention import Declared
from runtime.signing import SigningKeys

HeldT = TypeVar("HeldT")


class People(Protocol):
    """Everybody who is registered, as far as this service must know."""

    async def get(self, id: str) -> Person | None:
        """Read one by resident id."""

    def save(self, document: Person) -> Change:
        """Prepare the write."""


class Guardianships(Protocol):
    """Who may read for whom."""

    async def get(self, id: str) -> Guardianship | None:
        """Read what is known between two people (`domain.people.pair`)."""

    def save(self, document: Guardianship) -> Change:
        """Prepare the write."""


class Accesses(Protocol):
    """The entries of the record."""

    async def get(self, id: str) -> Access | None:
        """Read one."""

    async def ended(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the digests of those of which nothing else is kept any more, by id."""

    async def page(self, holder: str, asked: Asked, *, before: str | None, limit: int) -> Sequence[Access]:
        """Read those about a holder that are asked for, the latest first, beginning before an id."""

    async def waiting(self, limit: int) -> Sequence[Access]:
        """Read those that are in no block yet, the earliest first."""

    def add(self, access: Access) -> Change:
        """Prepare the write of a new one, in no block yet."""

    def place(self, id: str, block: int) -> Change:
        """Prepare to put one that is in no block into one; refused at the commit when it is in one by then."""


class Chain(Protocol):
    """Blocks, and the heads that were published."""

    async def last(self) -> Block | None:
        """Read the last block."""

    async def block(self, number: int) -> Block | None:
        """Read one."""

    async def after(self, number: int, limit: int) -> Sequence[Block]:
        """Read the blocks that follow a number, in order."""

    async def last_head(self) -> Head | None:
        """Read the head that was published last."""

    async def head_at(self, number: int) -> Head | None:
        """Read the first published head that covers a block."""

    async def heads_after(self, number: int, limit: int) -> Sequence[Head]:
        """Read the published heads that follow a number, in order."""

    async def heads_before(self, number: int | None, limit: int) -> Sequence[Head]:
        """Read the published heads before a number, the latest first."""

    def add(self, block: Block) -> Change:
        """Prepare the write of a new block; refused at the commit when there is one of that number."""

    def publish(self, head: Head) -> Change:
        """Prepare the write of a head; refused at the commit when it is there."""


class Holders(Protocol[HeldT]):
    """What is kept about holders, one document each."""

    async def get(self, id: str) -> HeldT | None:
        """Read one."""

    async def of_holder(self, holder: str, *, before: str | None, limit: int) -> Sequence[HeldT]:
        """Read a page of those about a holder, the latest first, beginning before a place in their order."""

    def save(self, document: HeldT) -> Change:
        """Prepare the write."""


class Disputes(Holders[Dispute], Protocol):
    """Disputed entries, in the order of the entries."""

    async def many(self, ids: Sequence[str]) -> dict[str, Dispute]:
        """Read those that there are of these ids."""


class Corrections(Holders[Correction], Protocol):
    """Requests for correction, in an order of their own (`Correction.order`)."""

    async def at_place(self, place: str) -> Sequence[Correction]:
        """Read all for one field of one document (`domain.correction.place_of`)."""


class Holdings(Protocol):
    """Credentials as far as this service must know."""

    async def get(self, id: str) -> Holding | None:
        """Read one."""

    async def of_type(self, holder: str, document_type: str) -> Sequence[Holding]:
        """Read a holder's credentials of one type."""

    def save(self, holding: Holding) -> Change:
        """Prepare the write."""


class Exports(Holders[Export], Protocol):
    """Exports and the parts that came for them."""

    async def due(self, now: datetime, limit: int) -> Sequence[Export]:
        """Read those whose time is over and whose key is still there."""

    async def parts(self, export_id: str) -> Sequence[Part]:
        """Read what came for one, in order."""

    def keep(self, part: Part) -> Change:
        """Prepare the write of a part."""

    def drop(self, part: Part) -> Change:
        """Prepare the removal of a part."""


class Counts(Protocol):
    """Finds what this service itself holds of somebody."""

    async def erase(self, holder: Holder) -> Erased:
        """Prepare that what may go does, and count what stays."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What every use case is given.

    `exporting` and `erasing` are the services that answer a request for an export or an erasure, `terms` say how long
    what is kept and why.
    """

    people: People
    guardianships: Guardianships
    accesses: Accesses
    chain: Chain
    record_keys: SigningKeys
    disputes: Disputes
    corrections: Corrections
    correctables: Correctables
    holdings: Holdings
    exports: Exports
    erasures: Holders[Erasure]
    exporting: tuple[str, ...]
    erasing: tuple[str, ...]
    eraser: Counts
    terms: Declared
    settings: Settings
    clock: Clock
