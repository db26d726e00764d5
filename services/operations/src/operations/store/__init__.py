"""The only part that knows MongoDB. Each file declares the indexes of its own collections."""

from __future__ import annotations

from operations.store import audit, edits, failures, groups, replays, trail
from runtime.kernel import Indexes

INDEXES: Indexes = {
    **failures.INDEXES,
    **groups.INDEXES,
    **audit.INDEXES,
    **trail.INDEXES,
    **replays.INDEXES,
    **edits.INDEXES,
}
