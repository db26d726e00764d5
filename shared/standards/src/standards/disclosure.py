"""What may be told of groups of people: never of fewer than five, and never so that two figures give one away.

A count of fewer than five, none included, is not told (None). Every other count is rounded down to a multiple of five,
so that the difference of two answers (one period and a longer one) never says whether one person or none made it. A
total is told so low that each part which is not told could still be anything from one to four. Shares are made of the
exact counts, and only where both the part and the rest are five or more.
"""

from __future__ import annotations

from collections.abc import Iterable

SMALLEST_GROUP = 5
_MOST_UNTOLD = SMALLEST_GROUP - 1
_FINE, _COARSE = 0.01, 0.05
_MANY = 100
"""From so many on a share is told to one percent, below to five: else it would give the exact counts away."""


def told(count: int) -> int | None:
    """Return a count as it may be told, None for fewer than five."""
    return None if count < SMALLEST_GROUP else count // SMALLEST_GROUP * SMALLEST_GROUP


def total(count: int, *partitions: Iterable[int]) -> int | None:
    """Return a count whose parts are told beside it; each partition has all the parts that it is the sum of."""
    return told(min([count, *(_reach(list(parts)) for parts in partitions)]))


def share(part: int, whole: int) -> float | None:
    """Return a share from 0 to 1, None where the part or the rest is fewer than five."""
    if min(part, whole - part) < SMALLEST_GROUP:
        return None
    step = _FINE if whole >= _MANY else _COARSE
    return round(min(max(round(part / whole / step), 1), round(1 / step) - 1) * step, 2)


def total_share(parts: Iterable[tuple[int, int]]) -> float | None:
    """Return the share of a total whose parts, each a part and its whole, have their own shares told beside it.

    Those of which no share is told are taken together: were they too few for a share, the total would give them away.
    """
    rows = list(parts)
    untold = [row for row in rows if share(*row) is None]
    remainder = tuple(map(sum, zip(*untold, strict=True))) if untold else (0, 0)
    if remainder[1] and share(*remainder) is None:
        return None
    return share(sum(part for part, _ in rows), sum(whole for _, whole in rows))


def may_tell_percentile(count: int, share: float) -> bool:
    """Tell whether at least five values lie at or beyond a percentile: otherwise it is some person's own."""
    return count * min(share, 1 - share) >= SMALLEST_GROUP - 1e-9


def _reach(parts: list[int]) -> int:
    """Return the most that parts can sum up to, by what is told of them, if one of those not told is one."""
    known = [each for each in map(told, parts) if each is not None]
    untold = len(parts) - len(known)
    return sum(known) + _MOST_UNTOLD * (len(known) + untold - 1) + 1 if untold else sum(parts)
