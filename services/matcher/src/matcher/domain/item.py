"""What an item of the catalogue needs, as far as a dry run asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from matcher.domain.claims import ClaimRequirement
from matcher.domain.evidence import Piece


class Item(Piece):
    """An item (`id` is its code) with its requirements, as published at `published_at`."""

    id: str
    version: int = 0
    requirements: tuple[ClaimRequirement, ...]
    defaults: Mapping[str, tuple[str, ...]] = {}
    """Form field -> where its answer is looked for when the applicant gives none: the first place that has one."""
    published_at: datetime

    def followed_by(self, newer: Item) -> Item:
        """Take over a later publication; an earlier one, or the same, changes nothing."""
        return newer.model_copy(update={"version": self.version}) if newer.published_at > self.published_at else self
