"""What may be told of groups of people: never of fewer than five, and never so that figures together give one away.

A count of fewer than five, none included, is not told (None). Every other count is rounded down to a multiple of five.
Whatever else is told, totals and shares, is worked out from these rounded counts and from nothing else: who has them
knows no more by it, however many answers are put together. So a count always stays one of several, provided that the
counts are of groups that do not overlap: fixed calendar periods, and each group told in one way.
"""

from __future__ import annotations

from collections.abc import Iterable

SMALLEST_GROUP = 5


def told(count: int) -> int | None:
    """Return a count as it may be told, None for fewer than five."""
    return None if count < SMALLEST_GROUP else count // SMALLEST_GROUP * SMALLEST_GROUP


def total(count: int, *partitions: Iterable[int]) -> int | None:
    """Return a count whose parts are told beside it; each partition has all the parts that it is the sum of.

    It is what the told parts add up to, by the partition that adds up to least; `count` counts only without parts.
    """
    if not partitions:
        return told(count)
    return min(sum(told(part) or 0 for part in parts) for parts in partitions) or None


def share(part: int, whole: int) -> float | None:
    """Return a share from 0 to 1, of the told counts; None where the part or the rest is fewer than five."""
    return total_share([(part, whole)])


def total_share(parts: Iterable[tuple[int, int]]) -> float | None:
    """Return the share of a total whose parts, each a part and its whole, are told beside it."""
    rows = list(parts)
    some = sum(told(part) or 0 for part, _ in rows)
    rest = sum(told(whole - part) or 0 for part, whole in rows)
    if not some or not rest:
        return None
    return min(max(round(some / (some + rest), 2), 0.01), 0.99)


def average(parts: Iterable[tuple[float, int]]) -> float | None:
    """Return the average of averages, each with how many it is of, to one place: of those that are told."""
    rows = [(round(value, 1), told(count) or 0) for value, count in parts]
    of = sum(count for _, count in rows)
    return round(sum(value * count for value, count in rows) / of, 1) if of else None


def may_tell_percentile(count: int, share: float) -> bool:
    """Tell whether at least five values lie at or beyond a percentile: otherwise it is some person's own."""
    return count * min(share, 1 - share) >= SMALLEST_GROUP - 1e-9
