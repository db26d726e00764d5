"""The records that government holds on people: what the city mirror and the departments' systems say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Literal

from synthetic import numbers
from synthetic.people import SyntheticPerson, years_later
from synthetic.places import Home

Value = str | bool | int | list[str]
Keeper = Literal["city", "department"]

DEPARTMENTS: Mapping[str, str] = {
    "id-card": "psb",
    "household-register": "psb",
    "residence-permit": "psb",
    "portrait-photo": "psb",
    "birth-certificate": "health",
    "vaccination-record": "health",
    "property-certificate": "land",
    "rental-contract-record": "housing",
    "social-insurance-record": "social-insurance",
    "bank-account": "civil",
}
"""Which department keeps which type of document."""

CARRY_THE_NUMBER = frozenset({"id-card", "residence-permit"})
"""Their field `number` is the holder's blind index, which only whoever has the key can fill in."""


@dataclass(frozen=True, slots=True)
class SyntheticRecord:
    """One record on the holder of `number`; `named` gives it its id. Who tells the system about it is its `keeper`.

    `withdrawn` is the reason for which it was withdrawn after it had been published.
    """

    record_id: str
    document_type: str
    number: str
    fields: Mapping[str, Value]
    valid_from: date | None = None
    valid_until: date | None = None
    keeper: Keeper = "city"
    withdrawn: str | None = None

    @property
    def department(self) -> str:
        """The department that keeps this type of document."""
        return DEPARTMENTS[self.document_type]


def id_card(person: SyntheticPerson) -> SyntheticRecord:
    """What the police hold of the card itself."""
    fields: dict[str, Value] = {"name": person.name, "birth_date": person.born.isoformat()}
    return replace(_record(person, "id-card", fields), valid_from=person.valid_from, valid_until=person.valid_until)


def portrait_photo(person: SyntheticPerson, taken_on: date) -> SyntheticRecord:
    """A portrait; it serves for 24 months."""
    return _record(person, "portrait-photo", {"present": True, "taken_on": taken_on.isoformat()})


def household_register(person: SyntheticPerson, number: str, address: str) -> SyntheticRecord:
    """An entry in the household system."""
    fields: dict[str, Value] = {"holder_name": person.name, "household_number": number, "address": address}
    return _record(person, "household-register", fields)


def residence_permit(person: SyntheticPerson, home: Home, granted: date) -> SyntheticRecord:
    """A residence permit of ten years."""
    record = _record(person, "residence-permit", {"name": person.name, "address": home.address})
    return replace(record, valid_from=granted, valid_until=years_later(granted, 10))


def birth_certificate(child: SyntheticPerson, number: str, parents: list[str]) -> SyntheticRecord:
    """A child's birth certificate."""
    fields: dict[str, Value] = {
        "child_name": child.name,
        "birth_date": child.born.isoformat(),
        "certificate_number": number,
        "parents": parents,
    }
    return replace(_record(child, "birth-certificate", fields), valid_from=child.born)


def vaccination_record(child: SyntheticPerson, *, complete: bool = True) -> SyntheticRecord:
    """A child's vaccinations."""
    fields: dict[str, Value] = {"child_name": child.name, "birth_date": child.born.isoformat(), "complete": complete}
    return _record(child, "vaccination-record", fields)


def property_certificate(owner: SyntheticPerson, number: str, address: str) -> SyntheticRecord:
    """A certificate of real estate; an owner has one for each flat."""
    fields: dict[str, Value] = {"certificate_number": number, "owner_name": owner.name, "address": address}
    return _record(owner, "property-certificate", fields)


def social_insurance_record(person: SyntheticPerson, months_paid: int) -> SyntheticRecord:
    """How many months somebody has paid into the social insurance."""
    return _record(person, "social-insurance-record", {"name": person.name, "months_paid": months_paid})


def bank_account(person: SyntheticPerson, number: str) -> SyntheticRecord:
    """The account that benefits are paid to."""
    return _record(person, "bank-account", {"name": person.name, "account_number": number})


def some_photo(person: SyntheticPerson, dice: Random, today: date) -> SyntheticRecord:
    """A portrait taken within the last 20 months."""
    return portrait_photo(person, today - timedelta(days=dice.randrange(10, 600)))


def some_household_register(person: SyntheticPerson, dice: Random) -> SyntheticRecord:
    """An entry in the household system at the card's address."""
    return household_register(person, numbers.household_number(dice), person.address)


def named(records: Iterable[SyntheticRecord], prefix: str) -> tuple[SyntheticRecord, ...]:
    """Give records their ids, the same in every run: `<prefix>-<place in the list>-<type>`."""
    return tuple(
        replace(record, record_id=f"{prefix}-{place}-{record.document_type}") for place, record in enumerate(records, 1)
    )


def _record(person: SyntheticPerson, document_type: str, fields: Mapping[str, Value]) -> SyntheticRecord:
    return SyntheticRecord("", document_type, person.number, fields)
