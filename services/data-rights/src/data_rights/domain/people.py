"""Who is behind a resident id, and who may read for whom: this service's own copy of what identity says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from data_rights.domain.record import RightsModel


class KnownPerson(RightsModel):
    """A registered resident (`id`) and the blind index by which everything about them is found."""

    id: str
    version: int = 0
    index: str
    of_age_on: date | None = None
    """The day on which a child comes of age; None of adults, and of those whom an earlier release learned."""


class GuardianshipRecord(RightsModel):
    """One guardianship between two people: the newest that is known of it."""

    active: bool
    sequence: int


class Guardianship(RightsModel):
    """Everything that is known between one guardian and one child; `id` joins the two resident ids."""

    id: str
    version: int = 0
    guardian_id: str
    child_id: str
    records: Mapping[str, GuardianshipRecord] = {}

    @classmethod
    def between(cls, guardian_id: str, child_id: str) -> Guardianship:
        """Return what is known before there is any news."""
        return cls(id=pair(guardian_id, child_id), guardian_id=guardian_id, child_id=child_id)

    @property
    def active(self) -> bool:
        """Whether the one may act for the other."""
        return any(record.active for record in self.records.values())

    def heard(self, guardianship_id: str, care: GuardianshipRecord) -> Guardianship:
        """Take over news of one guardianship, unless it is older than what is known."""
        known = self.records.get(guardianship_id)
        if known is not None and care.sequence <= known.sequence:
            return self
        return self.model_copy(update={"records": {**self.records, guardianship_id: care}})


def pair(guardian_id: str, child_id: str) -> str:
    """Return the id under which a guardian and a child are kept."""
    return f"{guardian_id}:{child_id}"
