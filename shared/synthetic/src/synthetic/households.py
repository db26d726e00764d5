"""Households: who lives together, and what government holds on them, flaws included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import count
from random import Random
from typing import Literal

from faker import Faker

from synthetic import numbers, records
from synthetic.flaws import Shares, shares, with_flaws
from synthetic.people import Maker, SyntheticPerson
from synthetic.places import Home, home, places
from synthetic.records import SyntheticRecord

Kind = Literal["newcomers", "settled", "senior", "elder"]

KINDS: dict[Kind, int] = {"newcomers": 40, "settled": 20, "senior": 25, "elder": 15}
"""How many of a hundred households are of which kind."""

FLATS_OF_A_LANDLORD = 8
"""So many households in a row share a landlord, if they rent."""


@dataclass(frozen=True, slots=True)
class Household:
    """People under one roof.

    newcomers: a parent from elsewhere, a child of school age, and the landlord of their flat · settled: a parent and a
    child in a flat of their own, registered in Shenzhen · senior: somebody of 60 to 79 · elder: somebody of 80 or
    more, registered in Shenzhen. The numbers are those on the papers that the household has at home.
    """

    index: int
    kind: Kind
    head: SyntheticPerson
    home: Home
    child: SyntheticPerson | None = None
    landlord: SyntheticPerson | None = None
    parents: tuple[str, ...] = ()
    property_number: str = ""
    household_number: str = ""
    birth_certificate_number: str = ""
    account_number: str = ""
    records: tuple[SyntheticRecord, ...] = ()

    @property
    def people(self) -> tuple[SyntheticPerson, ...]:
        """Everybody who has to be registered; a landlord turns up in several households."""
        return tuple(person for person in (self.landlord, self.head, self.child) if person is not None)


def households(seed: int, today: date, given: Shares | None = None) -> Iterator[Household]:
    """Make households without end. The same seed and day make the same ones, however many are taken."""
    for index in count():
        yield household(seed, index, today, given or shares())


def household(seed: int, index: int, today: date, given: Shares) -> Household:
    """Make one household and the records on it, from dice of its own."""
    maker = _maker(f"{seed}/household/{index}", today)
    kind = maker.dice.choices(list(KINDS), list(KINDS.values()))[0]
    made = _of_kind(kind, maker, seed, index)
    held = with_flaws(_records_on(made, maker), Random(f"{seed}/flaws/{index}"), today, given)
    return replace(made, records=records.named(held, f"{seed}-{index}"))


def _of_kind(kind: Kind, maker: Maker, seed: int, index: int) -> Household:
    match kind:
        case "newcomers":
            return _newcomers(maker, index, landlord(seed, index // FLATS_OF_A_LANDLORD, maker.today))
        case "settled":
            return _settled(maker, index)
        case "senior":
            return _senior(maker, index)
        case "elder":
            return _elder(maker, index)


def landlord(seed: int, place: int, today: date) -> SyntheticPerson:
    """Make one of the landlords."""
    maker = _maker(f"{seed}/landlord/{place}", today)
    return maker.person(places().longhua, home(maker.dice).community, maker.birthday(35, 70))


def school_child_birthday(dice: Random, today: date) -> date:
    """Make the birth date of a child who is 6 and not yet 7 on the 31 August before the next school year."""
    begins = today.year + (today > date(today.year, 8, 31))
    return date(begins - 7, 9, 1) + timedelta(days=dice.randrange(365))


def _newcomers(maker: Maker, index: int, owner: SyntheticPerson) -> Household:
    origin = maker.dice.choice(places().elsewhere)
    flat = home(maker.dice)
    head = maker.person(origin, flat.community, maker.birthday(25, 45))
    return replace(
        _with_child(maker, index, "newcomers", head, flat),
        landlord=owner,
        property_number=numbers.property_certificate_number(maker.dice, maker.today.year - 8),
    )


def _settled(maker: Maker, index: int) -> Household:
    flat = home(maker.dice)
    head = maker.person(places().longhua, flat.community, maker.birthday(25, 45), address=flat.address)
    return replace(
        _with_child(maker, index, "settled", head, flat),
        property_number=numbers.property_certificate_number(maker.dice, maker.today.year - 5),
        household_number=numbers.household_number(maker.dice),
    )


def _with_child(maker: Maker, index: int, kind: Kind, head: SyntheticPerson, flat: Home) -> Household:
    """Add a child, and the other parent by name."""
    other = maker.name("female" if head.sex == "male" else "male")
    surname = head.name[:-1] if len(head.name) == 2 else head.name[:1]  # noqa: PLR2004 - a name of two characters
    child = maker.person(
        places().longhua,
        flat.community,
        school_child_birthday(maker.dice, maker.today),
        surname=surname if head.sex == "male" else other[:1],
        address=head.address,
    )
    return Household(
        index,
        kind,
        head,
        flat,
        child=child,
        parents=(head.name, other),
        birth_certificate_number=numbers.birth_certificate_number(maker.dice),
    )


def _senior(maker: Maker, index: int) -> Household:
    """Four of ten came from elsewhere and hold a residence permit, the others are in the household register."""
    flat = home(maker.dice)
    born = maker.birthday(60, 79)
    if maker.dice.random() < 0.4:  # noqa: PLR2004 - four of ten
        return Household(
            index, "senior", maker.person(maker.dice.choice(places().elsewhere), flat.community, born), flat
        )
    head = maker.person(places().longhua, flat.community, born, address=flat.address)
    return Household(index, "senior", head, flat, household_number=numbers.household_number(maker.dice))


def _elder(maker: Maker, index: int) -> Household:
    flat = home(maker.dice)
    return Household(
        index,
        "elder",
        maker.person(places().longhua, flat.community, maker.birthday(80, 104), address=flat.address),
        flat,
        household_number=numbers.household_number(maker.dice),
        account_number=numbers.account_number(maker.dice),
    )


def _records_on(made: Household, maker: Maker) -> Iterator[SyntheticRecord]:
    """Everything that government would hold on a household if its records had no flaws."""
    head, dice, today = made.head, maker.dice, maker.today
    yield records.id_card(head)
    yield records.portrait_photo(head, today - timedelta(days=dice.randrange(10, 600)))
    if made.child is not None:
        yield records.birth_certificate(made.child, made.birth_certificate_number, list(made.parents))
        yield records.vaccination_record(made.child)
    if made.property_number:
        yield records.property_certificate(made.landlord or head, made.property_number, made.home.address)
    if made.household_number:
        yield records.household_register(head, made.household_number, head.address)
    if made.kind == "newcomers":
        yield records.social_insurance_record(head, dice.randrange(12, 120))
    if made.kind == "senior" and not made.household_number:
        granted = today - timedelta(days=dice.randrange(30, 2000))
        yield records.residence_permit(head, made.home, granted)
    if made.account_number:
        yield records.bank_account(head, made.account_number)


def _maker(stream: str, today: date) -> Maker:
    fake = _faker()
    fake.seed_instance(stream)
    return Maker(Random(stream), fake, today)


@cache
def _faker() -> Faker:
    """Load the names once; they are seeded anew for each household."""
    return Faker("zh_CN")
