"""The driver's ledger of one replay: what it knows of every item, a byte each, and which are sent next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from operations.domain.items import BLOCK, ItemStatus
from operations.domain.replay import ReplayCounts


class ReplayProgress:
    """Ranks by item number. What it was told before and says more stays."""

    def __init__(self, total: int) -> None:
        self._ranks = bytearray(total)
        self._next = 0
        self._again: deque[int] = deque()

    def load(self, ranks: Mapping[int, int]) -> None:
        """Take what is kept of items, by number."""
        for n, rank in ranks.items():
            self.learn(n, rank)

    def learn(self, n: int, rank: int) -> None:
        """Take what became known of an item."""
        self._ranks[n] = max(rank, self._ranks[n])

    def count(self, rank: ItemStatus) -> int:
        """Tell of how many items just this is known."""
        return self._ranks.count(rank)

    def final(self) -> list[int]:
        """Return the items whose fate was told, by the service or by a dead letter."""
        return [n for n, rank in enumerate(self._ranks) if rank > ItemStatus.SKIPPED]

    def recover(self) -> None:
        """Begin with the items that a driver before may have sent without hearing of a confirm."""
        self._again = deque(n for n, rank in enumerate(self._ranks) if rank == ItemStatus.SENDING)

    def again(self, numbers: Iterable[int]) -> None:
        """Send these once more: they were not confirmed."""
        self._again.extendleft(sorted(numbers, reverse=True))

    def unconfirmed(self) -> list[int]:
        """Return the items that wait to be sent once more."""
        return [n for n in self._again if self._ranks[n] == ItemStatus.SENDING]

    def unsent(self) -> list[int]:
        """Return the items that were not sent, or of which no confirm was heard."""
        return [n for n, rank in enumerate(self._ranks) if rank <= ItemStatus.SENDING]

    def take(self, most: int) -> list[int]:
        """Take the next items to send: first those that were not confirmed, then new ones in order."""
        taken: list[int] = []
        while self._again and len(taken) < most:
            n = self._again.popleft()
            if self._ranks[n] == ItemStatus.SENDING:
                taken.append(n)
        while self._next < len(self._ranks) and len(taken) < most:
            if self._ranks[self._next] == ItemStatus.PENDING:
                taken.append(self._next)
            self._next += 1
        return taken

    def are_final(self, numbers: Iterable[int]) -> bool:
        """Tell whether the fates of all these are known."""
        return all(self._ranks[n] >= ItemStatus.SKIPPED for n in numbers)

    def confirmed(self) -> set[int]:
        """Return the items that were confirmed and have no fate yet."""
        return {n for n, rank in enumerate(self._ranks) if rank == ItemStatus.SENT}

    def blocks_under_way(self) -> list[int]:
        """Return the first numbers of the blocks in which fates are still to come."""
        firsts = range(0, len(self._ranks), BLOCK)
        return [first for first in firsts if self._is_under_way(self._ranks[first : first + BLOCK])]

    @staticmethod
    def _is_under_way(ranks: bytearray) -> bool:
        return bool(ranks.count(ItemStatus.SENT) or ranks.count(ItemStatus.SENDING))

    @property
    def sent(self) -> int:
        """How many were confirmed and have no fate yet."""
        return self._ranks.count(ItemStatus.SENT)

    @property
    def failed(self) -> int:
        """How many failed again."""
        return self._ranks.count(ItemStatus.FAILED)

    @property
    def got_through(self) -> int:
        """How many were handled, now or before."""
        return self._ranks.count(ItemStatus.HANDLED) + self._ranks.count(ItemStatus.IGNORED)

    @property
    def is_sent_out(self) -> bool:
        """Whether nothing is left to send."""
        return not self._ranks.count(ItemStatus.PENDING) and not self._ranks.count(ItemStatus.SENDING)

    @property
    def is_settled(self) -> bool:
        """Whether every item has its fate."""
        return self.is_sent_out and not self.sent

    def counts(self) -> ReplayCounts:
        """Count all items by what is known of them."""
        return ReplayCounts.of(self._ranks)
