"""The items of a replay: one for each message that is to be sent back, kept in blocks of a few hundred.

What is known of an item only ever grows (`ItemStatus`), so facts about it may arrive in any order and any number of
times: the driver's own notes, receipts, dead letters, all of them again after a kill. The greatest one holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from operations.domain.letter import Cause

BLOCK = 250
"""Items in one document: few enough to be written often, so many that 100,000 are frozen at once."""

Kind = Literal["failures", "trail", "edit"]
ItemState = Literal["pending", "sending", "sent", "skipped", "ignored", "failed", "handled"]


class ItemStatus(IntEnum):
    """How much is known of an item. That it was handled outranks everything: it stays true whatever else is heard."""

    PENDING = 0
    SENDING = 1
    """About to be sent, or sent without a confirm: it is sent again under the same event id after a kill."""
    SENT = 2
    SKIPPED = 3
    """Not sent, as its failure was no longer the one that was selected, or the replay was cancelled."""
    IGNORED = 4
    """The service had handled it before; nothing happened this time."""
    FAILED = 5
    HANDLED = 6

    @property
    def state(self) -> ItemState:
        """Its name for people and programs."""
        return _STATES[self]

    @property
    def is_final(self) -> bool:
        """Whether nothing more is to be done about the item."""
        return self >= ItemStatus.SKIPPED

    @property
    def is_under_way(self) -> bool:
        """Whether it may have been sent and its fate is not known."""
        return self in {ItemStatus.SENDING, ItemStatus.SENT}


_STATES: tuple[ItemState, ...] = ("pending", "sending", "sent", "skipped", "ignored", "failed", "handled")


@dataclass(frozen=True, slots=True)
class ChosenItem:
    """One message that was selected: which service is to hear it again, and what it was when it was selected.

    `failure` and `seen` (how often it had failed) are of a dead letter; None and 0 of an event of the trail.
    """

    service: str
    event_id: str
    event_type: str
    failure: str | None = None
    seen: int = 0


@dataclass(frozen=True, slots=True)
class ReplayItem:
    """One item as it stands."""

    replay: str
    n: int
    chosen: ChosenItem
    rank: ItemStatus
    at: datetime | None

    @property
    def id(self) -> str:
        """What its message carries with it: `<replay>/<n>`."""
        return item_id(self.replay, self.n)


class FailedAgain(BaseModel):
    """Why a message failed this time, and the failure that it is now; what is personal is masked in `message`."""

    model_config = ConfigDict(frozen=True)

    failure: str
    cause: Cause
    message: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """`item` (of a replay) was handled, ignored as it had been handled before, or has failed again."""

    item: str
    fate: Literal["handled", "ignored", "failed"]
    at: datetime
    again: FailedAgain | None = None
    """Why, of one that has failed again."""


class ItemBlock(BaseModel):
    """Some items of one replay, column by column; the first of them is number `first`."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int = 0
    replay: str
    kind: Kind
    first: int
    services: tuple[str, ...]
    event_ids: tuple[str, ...]
    event_types: tuple[str, ...]
    failures: tuple[str | None, ...]
    seen: tuple[int, ...]
    ranks: tuple[ItemStatus, ...]
    at: tuple[datetime | None, ...]

    @property
    def items(self) -> Iterator[ReplayItem]:
        """Its items in order."""
        return (self.item(self.first + index) for index in range(len(self.ranks)))

    def item(self, n: int) -> ReplayItem:
        i = n - self.first
        chosen = ChosenItem(self.services[i], self.event_ids[i], self.event_types[i], self.failures[i], self.seen[i])
        return ReplayItem(self.replay, n, chosen, self.ranks[i], self.at[i])

    def learn(self, ranks: Mapping[int, ItemStatus], at: datetime) -> ItemBlock:
        """Return it with what became known of items by number; what is known already and greater stays."""
        known, when = list(self.ranks), list(self.at)
        for n, rank in ranks.items():
            index = n - self.first
            if rank > known[index]:
                known[index], when[index] = rank, max(at, when[index] or at)
        return self.model_copy(update={"ranks": tuple(known), "at": tuple(when)})


Known = Mapping[str, tuple[ReplayItem, ItemBlock]]
"""Items that exist by id, each with its block."""


def freeze(replay: str, kind: Kind, chosen: Sequence[ChosenItem]) -> Iterator[ItemBlock]:
    """Put a selection into blocks, in order."""
    for first in range(0, len(chosen), BLOCK):
        part = chosen[first : first + BLOCK]
        yield ItemBlock(
            id=block_id(replay, first),
            replay=replay,
            kind=kind,
            first=first,
            services=tuple(each.service for each in part),
            event_ids=tuple(each.event_id for each in part),
            event_types=tuple(each.event_type for each in part),
            failures=tuple(each.failure for each in part),
            seen=tuple(each.seen for each in part),
            ranks=(ItemStatus.PENDING,) * len(part),
            at=(None,) * len(part),
        )


def item_id(replay: str, n: int) -> str:
    return f"{replay}/{n}"


def parse_item(item: str) -> tuple[str, int] | None:
    """Return replay and number of an item's id, or None for what is no such id."""
    replay, _, n = item.rpartition("/")
    return (replay, int(n)) if replay and n.isascii() and n.isdigit() else None


def replay_of(item: str | None) -> str | None:
    """Return the replay of an item's id."""
    return item and item.partition("/")[0]


def block_id(replay: str, n: int) -> str:
    """Return the id of the block in which an item is kept."""
    return f"{replay}/{n // BLOCK:06d}"


def block_ids(replay: str, numbers: Iterable[int]) -> list[str]:
    """Return the ids of the blocks of these items, each once, in order."""
    return sorted({block_id(replay, n) for n in numbers})
