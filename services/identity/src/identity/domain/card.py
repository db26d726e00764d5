"""What a card reader gives, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from identity.domain.record import FieldChange, IdentityModel, refuse
from runtime.errors import Refusal
from standards import age, identity_number
from standards.address import names_place
from standards.bounds import LONGEST_NAME
from standards.identity_number import IdentityNumber, Sex
from standards.names import check_name, normal_name
from standards.normal_form import normal_text

Text = Annotated[str, AfterValidator(normal_text)]


_NEVER_EMPTY = {"nationality_group", "issuing_authority"}
_TEXTS = _NEVER_EMPTY | {"name", "address"}


class Card(IdentityModel):
    """An identity card without its number, in normal form; `valid_until` is None on a card without an end (长期)."""

    name: Annotated[str, AfterValidator(normal_name)]
    sex: Sex
    birth_date: date
    nationality_group: Text
    address: Text
    issuing_authority: Text
    valid_from: date
    valid_until: date | None


class ReadCard(IdentityModel):
    """A card as it was read. The number is in clear here and nowhere else.

    `name_confirmed`: a person has compared its name with the one on record, where only characters differ that names
    keep apart.
    """

    number: str = Field(repr=False)
    card: Card
    name_confirmed: bool = False

    def check(self, today: date, also: Sequence[Refusal] = ()) -> IdentityNumber:
        """Return the number, once number and card are right and agree.

        Raises Refusal with every fault at once, those found elsewhere (`also`) among them.
        """
        faults = [*_faults(self.card, today), *also]
        try:
            number = identity_number.parse(self.number, today=today)
        except Refusal as refusal:
            refuse([refusal, *faults])
            raise
        refuse([*number.disagreements(birth_date=self.card.birth_date, sex=self.card.sex), *faults])
        return number


def changes(old: Card, new: Card) -> tuple[FieldChange, ...]:
    """Return what differs between two readings of a person's cards."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    differing = (name for name in before if before[name] != after[name])
    return tuple(FieldChange(field=name, before=before[name], after=after[name]) for name in differing)


def _faults(card: Card, today: date) -> list[Refusal]:
    faults = [fault for fault in (check_name(card.name),) if fault is not None]
    for field, text in card.model_dump(include=_TEXTS).items():
        if len(text) > LONGEST_NAME:  # the normal form of one character may be eighteen
            faults.append(Refusal("card-text-too-long", field=field, most=LONGEST_NAME))
        if not text and field in _NEVER_EMPTY:
            faults.append(Refusal("card-text-empty", field=field))
    if card.birth_date > today:
        faults.append(Refusal("birth-date-in-future", field="birth_date"))
    if not names_place(card.address):
        faults.append(Refusal("address-names-no-place", field="address"))
    if age.years(card.birth_date, today) >= age.OLDEST:
        faults.append(Refusal("birth-date-too-early", field="birth_date", years=age.OLDEST))
    if card.valid_from > today:
        faults.append(Refusal("card-not-yet-valid", field="valid_from", date=card.valid_from))
    if card.valid_until is not None and card.valid_until < today:
        faults.append(Refusal("card-expired", field="valid_until", date=card.valid_until))
    if card.valid_until is not None and card.valid_until < card.valid_from:
        faults.append(Refusal("card-validity-reversed", field="valid_until"))
    return faults
