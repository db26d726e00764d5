"""A correction that the department has approved: it opens one change of the registration at a window, until a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from identity.domain.record import IdentityModel
from runtime.errors import Conflict, Refusal
from standards.names import same_name
from standards.normal_form import normal_text

Said = Mapping[str, str | None]
"""What a card and the place of registration say, by field, written as JSON does."""

KEPT = 20
"""How many of the latest permits of a resident are kept; what was done with each stands in the history."""


class Permit(IdentityModel):
    """`field` may be changed to `value`, as the department wrote it: once, until the end of the day `until`."""

    correction_id: str
    field: str
    value: str
    until: date
    used_at: datetime | None = None

    def is_open(self, today: date) -> bool:
        """Tell whether the change can still be made."""
        return self.used_at is None and today <= self.until

    def fits(self, said: Said) -> bool:
        """Tell whether that is what was approved."""
        value = said.get(self.field)
        if value is None:
            return False
        return same_name(self.value, value) if self.field == "name" else normal_text(self.value) == value

    def used(self, at: datetime) -> Permit:
        return self.model_copy(update={"used_at": at})


class SignedAnswer(IdentityModel):
    """What officers answered, by the correction's id, as review-dispatch tells it: only that may be permitted."""

    id: str
    version: int = 0
    holder_index: str
    document_type: str
    field: str
    value: str
    officers: tuple[str, ...]
    at: datetime


def refusal(permits: Sequence[Permit], field: str, said: Said, today: date) -> Refusal | None:
    """Return what to tell about a change that no open permit allows; None where nothing of the kind was approved.

    What an open permit says instead is not told: the card may be another person's.
    """
    of_field = [each for each in permits if each.field == field]
    if any(each.is_open(today) for each in of_field):
        return Conflict("correction-says-otherwise", field=field)
    last = next((each for each in reversed(of_field) if each.fits(said)), None)
    if last is None:
        return None
    if last.used_at is not None:
        return Conflict("correction-used", field=field)
    return Conflict("correction-over", field=field, until=last.until)
