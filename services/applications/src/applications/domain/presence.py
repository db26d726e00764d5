"""A visit, as identity tells of it: while it lasts, who read the card may apply in the name of the person there."""

from __future__ import annotations

from datetime import datetime

from applications.domain.record import Aggregate, Record


class Helper(Record):
    """Who types for the applicant: a clerk at a window or a terminal, during one visit."""

    presence_id: str
    by: str
    role: str


class Presence(Aggregate):
    """The newest that is known of a visit; its end may be heard of first, and then `resident_id` is not known yet."""

    resident_id: str | None = None
    by: str = ""
    role: str = ""
    ends_at: datetime

    def begun(self, resident_id: str, by: str, role: str) -> Presence:
        """Learn whose it is; an end that is known already stands."""
        return self.model_copy(update={"resident_id": resident_id, "by": by, "role": role})

    def ended(self, at: datetime) -> Presence:
        """Learn that it has ended; it never lasts longer than was said before."""
        return self if self.ends_at <= at else self.model_copy(update={"ends_at": at})
