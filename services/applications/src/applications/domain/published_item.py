"""What was last told of an item, so that only changes are told."""

from __future__ import annotations

from applications.domain.record import Aggregate


class PublishedItem(Aggregate):
    """The digest of an item's content when it was last published; `id` is the item's code."""

    digest: str
