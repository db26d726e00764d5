"""A resident stands at a window or a terminal with the original card: one visit, for who read the card alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from identity.domain.record import IdentityModel, RecordedActor
from identity.domain.resident import Channel

VISIT = timedelta(minutes=20)
"""How long a visit lasts without the card being read again (assumed)."""


class Presence(IdentityModel):
    """One visit. `communities` are those of who read the card: where it was. All times are UTC."""

    id: str
    version: int = 0
    resident_id: str
    by: RecordedActor
    channel: Channel
    communities: tuple[str, ...]
    begun_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None


def end(presence: Presence, at: datetime) -> Presence:
    """End a visit; the very same presence when it has ended already."""
    if presence.ended_at is not None or presence.ends_at <= at:
        return presence
    return presence.model_copy(update={"ended_at": at, "ends_at": at})
