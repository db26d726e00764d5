"""What government holds on the people of the day before it begins: the city's mirror, and one department's record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from synthetic import records
from synthetic.records import SyntheticRecord
from synthetic.script import traditional
from tests.journeys.cast import HOME, Cast

PROPERTY_NUMBER = "粤(2018)深圳市不动产权第0031874号"
HOUSEHOLD_NUMBER = "043042117"
BIRTH_CERTIFICATE_NUMBER = "S430120871"


def held_before(people: Cast, today: date) -> tuple[SyntheticRecord, ...]:
    """Everything but the child's birth certificate, which another province keeps."""
    newcomer, senior, unlucky = people.newcomer, people.senior, people.unlucky
    photographed = today - timedelta(days=45)
    return records.named(
        (
            records.property_certificate(people.landlord, PROPERTY_NUMBER, HOME),
            records.household_register(newcomer, HOUSEHOLD_NUMBER, newcomer.address),
            records.portrait_photo(newcomer, photographed),
            _of_department(records.social_insurance_record(newcomer, 26)),
            _in_traditional_script(records.vaccination_record(people.child)),
            records.household_register(people.wife, HOUSEHOLD_NUMBER, people.wife.address),
            records.portrait_photo(senior, photographed),
            records.household_register(senior, "051230044", senior.address),
            replace(records.household_register(unlucky, "051230871", unlucky.address), withdrawn="户口已迁出"),
            records.portrait_photo(unlucky, photographed),
        ),
        "day",
    )


def of_city(held: Iterable[SyntheticRecord]) -> tuple[SyntheticRecord, ...]:
    """Return what the city's mirror tells."""
    return tuple(record for record in held if record.keeper == "city")


def _of_department(record: SyntheticRecord) -> SyntheticRecord:
    return replace(record, keeper="department")


def _in_traditional_script(record: SyntheticRecord) -> SyntheticRecord:
    name = traditional(str(record.fields["child_name"]))
    return replace(record, fields={**record.fields, "child_name": name})
