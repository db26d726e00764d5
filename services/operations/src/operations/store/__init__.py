"""The only part that knows MongoDB. Each file declares the indexes of its own collections."""

from __future__ import annotations

from operations.store import audit, edits, erased, failures, groups, replays, trail
from runtime.kernel import Indexes
from runtime.retention import Belongings

INDEXES: Indexes = {
    **failures.INDEXES,
    **groups.INDEXES,
    **audit.INDEXES,
    **trail.INDEXES,
    **replays.INDEXES,
    **edits.INDEXES,
    **erased.INDEXES,
}

BELONGINGS: dict[str, Belongings] = {replays.REPLAYS: replays.items_of}
"""What goes with a document whose term has ended."""
