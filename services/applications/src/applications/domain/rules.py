"""The kinds of rules, promises, decisions and validities that an item's data can state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from applications.domain.record import ApplicationsModel, Localised, PersonRole, Value
from standards import age
from standards.areas import knows_city
from standards.working_days import Calendar

DayOfYear = Annotated[
    str,
    StringConstraints(
        pattern=r"^((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))$"
    ),
]
"""MM-DD, a day that every year has."""
Path = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]


class AgeRule(ApplicationsModel):
    """Full years at a date: today, or the next time that it is `by` (MM-DD)."""

    rule: Literal["age"]
    of: PersonRole = "applicant"
    at_least: int | None = None
    at_most: int | None = None
    by: DayOfYear | None = None

    def measured_on(self, today: date) -> date:
        """Return the date at which the age counts."""
        if self.by is None:
            return today
        month, day = map(int, self.by.split("-"))
        this_year = date(today.year, month, day)
        return this_year if this_year >= today else date(today.year + 1, month, day)

    def reached_from(self, birth_date: date, years: int) -> date:
        """Return the first day on which `years` have been reached at the date that counts."""
        birthday = age.birthday(birth_date, years)
        if self.by is None:
            return birthday
        counted = self.measured_on(birthday)
        return counted.replace(year=counted.year - 1) + timedelta(days=1)


class RegisteredRule(ApplicationsModel):
    """Registered in the household system of a city or not, by the address on the card (assumed sufficient)."""

    rule: Literal["registered"]
    of: PersonRole = "applicant"
    place: Localised
    registered: bool

    @field_validator("place")
    @classmethod
    def _is_known(cls, place: Localised) -> Localised:
        if not knows_city(place.zh_cn):
            message = f"the districts of {place.zh_cn} are not in the data of standards (areas.yaml)"
            raise ValueError(message)
        return place


class GuardianRule(ApplicationsModel):
    """The applicant is the guardian of the subject."""

    rule: Literal["guardian"]


Rule = Annotated[AgeRule | RegisteredRule | GuardianRule, Field(discriminator="rule")]


class ItemPromise(ApplicationsModel):
    """By when the item is decided: working days, days, or at once. Exactly one of them."""

    working_days: int | None = Field(None, gt=0)
    days: int | None = Field(None, gt=0)
    at_once: Literal[True] | None = None

    def due(self, start: date, calendar: Calendar) -> date:
        """Return the last day of the promise for an application submitted on `start`."""
        if self.working_days is not None:
            return calendar.add(start, self.working_days)
        return start + timedelta(days=self.days or 0)

    @model_validator(mode="after")
    def _says_one_thing(self) -> ItemPromise:
        if sum(said is not None for said in (self.working_days, self.days, self.at_once)) != 1:
            raise ValueError("a promise says exactly one of working_days, days, at_once")
        return self


class Automatic(ApplicationsModel):
    """Granted as soon as everything is proven (and confirmed)."""

    by: Literal["automatic"]


class FieldCheck(ApplicationsModel):
    """The grid officer of the community looks at the address within so many working days."""

    by: Literal["field-check"]
    address: Path
    community: Path
    working_days: int = Field(gt=0)


class Officer(ApplicationsModel):
    """An officer of the department decides within so many working days."""

    by: Literal["officer"]
    department: str
    working_days: int = Field(gt=0)


Decision = Annotated[Automatic | FieldCheck | Officer, Field(discriminator="by")]


class NoEndRule(ApplicationsModel):
    """Valid without an end."""

    lasts: Literal["no-end"]


class Months(ApplicationsModel):
    """Valid for so many months from the decision; endorsed again every so many, where the item says so."""

    lasts: Literal["months"]
    months: int = Field(gt=0)
    endorsed_every: int | None = None


class Until(ApplicationsModel):
    """Valid until a date of the form."""

    lasts: Literal["until"]
    date: Path


class SchoolYearRule(ApplicationsModel):
    """Valid for the school year for which was applied: 1 September to 31 August."""

    lasts: Literal["school-year"]


Validity = Annotated[NoEndRule | Months | Until | SchoolYearRule, Field(discriminator="lasts")]


class ByAge(ApplicationsModel):
    """A value that depends on the age of a person on the day of the decision: that of the highest age reached."""

    by_age_of: PersonRole
    values: dict[int, int] = Field(min_length=1)

    def at(self, age: int) -> int | None:
        """Return the value for an age, None below the lowest."""
        reached = [years for years in self.values if years <= age]
        return self.values[max(reached)] if reached else None


GrantValue = ByAge | Value
