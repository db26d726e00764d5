"""Invented people: who they are, and the identity card that a window's reader would read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from faker import Faker

from synthetic.numbers import Sex, identity_number
from synthetic.places import Origin

_LONG_TERM_AGE = 46
_TWENTY_YEAR_AGE = 26
_SIXTEEN = 16
_OLDEST_CARD_DAYS = 1400  # younger than the shortest term, so that nobody's card has expired

GROUPS = {"汉": 92, "壮": 3, "土家": 2, "苗": 2, "回": 1}


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """One invented person with the card in hand. `community` is the code of the community that they register in."""

    number: str
    name: str
    sex: Sex
    born: date
    nationality_group: str
    address: str
    issuing_authority: str
    valid_from: date
    valid_until: date | None
    community: str


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes people from dice of its own: the same dice make the same people."""

    dice: Random
    fake: Faker
    today: date

    def sex(self) -> Sex:
        return "male" if self.dice.random() < 0.5 else "female"  # noqa: PLR2004 - a half

    def name(self, sex: Sex, surname: str | None = None) -> str:
        """Make a name in simplified characters; a child is given its father's surname."""
        given = self.fake.first_name_male() if sex == "male" else self.fake.first_name_female()
        return f"{surname or self.fake.last_name()}{given}"

    def birthday(self, youngest: int, oldest: int) -> date:
        """Make the birth date of somebody whose age in full years is from `youngest` to `oldest`."""
        latest = years_later(self.today, -youngest)
        earliest = years_later(self.today, -oldest - 1) + timedelta(days=1)
        return earliest + timedelta(days=self.dice.randrange((latest - earliest).days + 1))

    def person(
        self,
        origin: Origin,
        community: str,
        born: date,
        *,
        sex: Sex | None = None,
        surname: str | None = None,
        address: str | None = None,
    ) -> SyntheticPerson:
        """Make a person from `origin` who lives in `community`; the card has `address`, or one of the origin's."""
        chosen = sex or self.sex()
        valid_from, valid_until = self._card_term(born)
        return SyntheticPerson(
            number=identity_number(self.dice, area=origin.area, born=born, sex=chosen),
            name=self.name(chosen, surname),
            sex=chosen,
            born=born,
            nationality_group=self.dice.choices(list(GROUPS), list(GROUPS.values()))[0],
            address=address or f"{origin.place}{self.dice.choice(origin.streets)}{self.dice.randrange(1, 400)}号",
            issuing_authority=origin.authority,
            valid_from=valid_from,
            valid_until=valid_until,
            community=community,
        )

    def _card_term(self, born: date) -> tuple[date, date | None]:
        """Make the card's term: 5 years under 16, 10 from 16, 20 from 26, without end from 46."""
        issued = self.today - timedelta(days=self.dice.randrange(1, min(_OLDEST_CARD_DAYS, (self.today - born).days)))
        age = age_in_years(born, issued)
        if age >= _LONG_TERM_AGE:
            return issued, None
        return issued, years_later(issued, 5 if age < _SIXTEEN else 10 if age < _TWENTY_YEAR_AGE else 20)


def age_in_years(born: date, on: date) -> int:
    """Return the age in full years on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def years_later(day: date, years: int) -> date:
    """Return the same day that many years later (earlier, when negative); 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
