"""The only part that knows MongoDB. Each file declares the indexes of its own collections."""

from __future__ import annotations

from operations.store import audit, edits, erased, failures, groups, replays, trail
from store.repository import Indexes
from store.retention import Cascade

INDEXES: Indexes = {
    **failures.INDEXES,
    **groups.INDEXES,
    **audit.INDEXES,
    **trail.INDEXES,
    **replays.INDEXES,
    **edits.INDEXES,
    **erased.INDEXES,
}

ENCRYPTED: dict[str, tuple[str, ...]] = {}
"""Where blind indexes stand that can be asked for: nowhere; those in messages are sealed with them."""

CASCADES: dict[str, Cascade] = {replays.REPLAYS: replays.items_of}
"""What goes with a document whose term has ended."""
