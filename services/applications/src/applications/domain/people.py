"""Who people are, as identity and the matcher tell it. Every fact counts up; older news changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Literal

from applications.domain.record import Aggregate, ApplicationsModel, Value


class Party(ApplicationsModel):
    """A person as an application remembers them: the claims are drawn from here."""

    resident_id: str
    index: str
    name: str
    birth_date: date
    address: str
    community: str


class Details(ApplicationsModel):
    """What a renewed card or a move can change."""

    name: str
    birth_date: date
    address: str
    community: str


class KnownResident(Aggregate):
    """A registered person; `id` is the resident id.

    Details and standing have sequences of their own: an address that was renewed later must not make us deaf to an
    earlier suspension that arrives after it.
    """

    index: str
    name: str
    sex: Literal["male", "female"]
    birth_date: date
    address: str
    community: str
    details_sequence: int
    suspended: bool = False
    standing_sequence: int = 0
    first_birth_date: date | None = None
    """As it was said first, once a card said another: identity alone makes no child of age."""

    @property
    def party(self) -> Party:
        """Return the person as an application remembers them."""
        return Party(
            resident_id=self.id,
            index=self.index,
            name=self.name,
            birth_date=self.birth_date,
            address=self.address,
            community=self.community,
        )

    def renewed(self, details: Details, sequence: int) -> KnownResident:
        """Take over the details of a renewed card, unless they are older than what is known."""
        if sequence <= self.details_sequence:
            return self
        first = self.first_birth_date or self.birth_date
        return self.model_copy(update={**dict(details), "details_sequence": sequence, "first_birth_date": first})

    def standing(self, *, suspended: bool, sequence: int) -> KnownResident:
        """Take over a suspension or its end, unless it is older than what is known."""
        if sequence <= self.standing_sequence:
            return self
        return self.model_copy(update={"suspended": suspended, "standing_sequence": sequence})


class GuardianshipRecord(ApplicationsModel):
    """One guardianship between two people: the newest that is known of it."""

    active: bool
    sequence: int


class Guardianship(Aggregate):
    """Everything that is known between one guardian and one child; `id` joins the two resident ids."""

    records: Mapping[str, GuardianshipRecord] = {}

    @staticmethod
    def between(guardian_id: str, child_id: str) -> str:
        return f"{guardian_id}:{child_id}"

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


class ResidentHolding(ApplicationsModel):
    """A document that government already holds."""

    document_type: str
    source: str
    evidence_id: str | None = None
    valid_until: date | None
    says: Mapping[str, Value] = {}
    """What it says in fields that forms take over, or of which items ask for a number."""


class ResidentHoldings(Aggregate):
    """What government holds of a resident: documents that need not be brought. `id` is the resident id."""

    sequence: int = 0
    holdings: tuple[ResidentHolding, ...] = ()

    def heard(self, holdings: tuple[ResidentHolding, ...], sequence: int) -> ResidentHoldings:
        """Take over the newest list."""
        if sequence <= self.sequence:
            return self
        return self.model_copy(update={"holdings": holdings, "sequence": sequence})

    def without(self, evidence_ids: Collection[str]) -> ResidentHoldings:
        """Leave some of them out."""
        left = tuple(each for each in self.holdings if each.evidence_id not in evidence_ids)
        return self.model_copy(update={"holdings": left})

    def proving(self, document_types: tuple[str, ...], on: date) -> tuple[ResidentHolding, ...]:
        """Return those of these documents that are held and valid on a day, in the order in which they are asked.

        The matcher asks source by source (README of the matcher), in each the document types in the item's order.
        """
        found = [
            each
            for each in self.holdings
            if each.document_type in document_types and (each.valid_until is None or each.valid_until >= on)
        ]
        return tuple(sorted(found, key=lambda each: (_place(each.source), document_types.index(each.document_type))))


_SOURCES = ("city-mirror", "district-store", "department-record")


def _place(source: str) -> int:
    return _SOURCES.index(source) if source in _SOURCES else len(_SOURCES)
