"""What may be told of groups of people: never of fewer than five, and never so exactly that two answers give one away.

Every count is rounded down to a multiple of five, each for itself, totals too. A group of one to four is then told like
an empty one, and the difference of two answers (a total and its parts, one period and a longer one) is a multiple of
five as well: it never says whether it was made by one person or by none.
"""

from __future__ import annotations

SMALLEST_GROUP = 5


def rounded(count: int) -> int:
    """Return a count as it may be told."""
    return count // SMALLEST_GROUP * SMALLEST_GROUP


def share(part: int, whole: int) -> float | None:
    """Return a share of counts as they may be told, 0 to 1; None where there is no group to speak of."""
    told = rounded(whole)
    return round(min(rounded(part) / told, 1.0), 2) if told else None


def may_tell_percentile(count: int, share: float) -> bool:
    """Tell whether at least five values lie at or beyond a percentile: otherwise it is some person's own."""
    return count * min(share, 1 - share) >= SMALLEST_GROUP - 1e-9
