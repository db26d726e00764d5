"""The only part that knows MongoDB. Each file declares the indexes of its own collections."""

from __future__ import annotations

from runtime.kernel import Indexes

INDEXES: Indexes = {}
