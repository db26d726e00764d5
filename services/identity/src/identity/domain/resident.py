"""A resident: registered once in person, renewed with each new card, suspended and reinstated."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from identity.domain import card as cards
from identity.domain import correction
from identity.domain.card import Card, ReadCard
from identity.domain.correction import KEPT, Permit, Said
from identity.domain.record import FieldChange, HistoryStep, IdentityModel, RecordedActor, StepKind, refuse
from runtime.errors import Conflict, Refusal
from standards.identity_number import IdentityNumber, Kind
from standards.names import compare

Channel = Literal["window", "terminal"]

_WINDOW = "clerk"
"""The role of whoever sits at a window: a person, who can compare."""


class RegistrationPlace(IdentityModel):
    """Where a person was registered: the channel, and the community that the person lives in."""

    channel: Channel
    community: str


class Suspension(IdentityModel):
    """Why, since when (UTC) and by whom a resident is suspended."""

    reason: str
    since: datetime
    by: RecordedActor


class Resident(IdentityModel):
    """A registered person. `holder_index` is the blind index of the number."""

    id: str
    version: int = 0
    holder_index: str
    number: str = Field(repr=False)
    id_kind: Kind
    card: Card
    place: RegistrationPlace
    registered_at: datetime
    suspension: Suspension | None = None
    permits: tuple[Permit, ...] = ()
    history: tuple[HistoryStep, ...]


def check_place(place: RegistrationPlace, communities: frozenset[str]) -> list[Refusal]:
    """Return a fault when the district has no such community."""
    if place.community in communities:
        return []
    return [Refusal("unknown-community", field="community", community=place.community)]


def register(
    *,
    id: str,
    holder_index: str,
    number: IdentityNumber,
    card: Card,
    place: RegistrationPlace,
    by: RecordedActor,
    at: datetime,
) -> Resident:
    """Make a resident of a person whose card has been checked."""
    return Resident(
        id=id,
        holder_index=holder_index,
        number=number.number,
        id_kind=number.kind,
        card=card,
        place=place,
        registered_at=at,
        history=(HistoryStep(what="registered", by=by, at=at),),
    )


def renews(resident: Resident, read: ReadCard, community: str, by: RecordedActor, today: date) -> bool:
    """Tell whether a card that is read at registration changes a resident: a newer one, or one that corrects.

    Raises Conflict for another person's card.
    """
    made = _corrections(resident, read, community, by, today)
    _check_same_person(resident, read, by, today, made)
    return bool(made) or _is_confirmed(resident, read) or read.card.valid_from > resident.card.valid_from


def renew(resident: Resident, read: ReadCard, community: str, by: RecordedActor, at: datetime, today: date) -> Resident:
    """Take over a new card, or a move to another community; the very same resident when nothing is new.

    Raises Conflict for another person's card and for one that is older than the one on record.
    """
    made = _corrections(resident, read, community, by, today)
    _check_same_person(resident, read, by, today, made)
    if read.card.valid_from < resident.card.valid_from and not _among(made, "valid_from"):
        raise Conflict("card-older", field="valid_from", date=resident.card.valid_from)
    changes = cards.changes(resident.card, read.card)
    if community != resident.place.community:
        changes += (FieldChange(field="community", before=resident.place.community, after=community),)
    if not changes:
        return resident
    steps = _steps(changes, {each.field for each in made}, confirmed=_is_confirmed(resident, read))
    changed = {
        "card": read.card,
        "place": resident.place.model_copy(update={"community": community}),
        "permits": tuple(each.used(at) if each in made else each for each in resident.permits),
        "history": (
            *resident.history,
            *(HistoryStep(what=what, by=by, at=at, changes=part) for what, part in steps.items()),
        ),
    }
    return resident.model_copy(update=changed)


def permit(resident: Resident, new: Permit, by: RecordedActor, at: datetime) -> Resident:
    """Open one change at a window; the very same resident when that was done already."""
    if any(each.correction_id == new.correction_id for each in resident.permits):
        return resident
    allowed = FieldChange(
        field=new.field, before=_says(resident.card, resident.place.community).get(new.field), after=new.value
    )
    step = HistoryStep(what="correction-permitted", by=by, at=at, changes=(allowed,))
    permits = (*resident.permits, new)[-KEPT:]
    return resident.model_copy(update={"permits": permits, "history": (*resident.history, step)})


def suspend(resident: Resident, reason: str, by: RecordedActor, at: datetime) -> Resident:
    """Suspend: no applications, no matches until reinstated. Raises Conflict when it is suspended already."""
    if resident.suspension is not None:
        raise Conflict("already-suspended")
    step = HistoryStep(what="suspended", by=by, at=at, reason=reason)
    suspension = Suspension(reason=reason, since=at, by=by)
    return resident.model_copy(update={"suspension": suspension, "history": (*resident.history, step)})


def reinstate(resident: Resident, reason: str, by: RecordedActor, at: datetime) -> Resident:
    """Lift the suspension. Raises Conflict when there is none."""
    if resident.suspension is None:
        raise Conflict("not-suspended")
    step = HistoryStep(what="reinstated", by=by, at=at, reason=reason)
    return resident.model_copy(update={"suspension": None, "history": (*resident.history, step)})


def _corrections(
    resident: Resident, read: ReadCard, community: str, by: RecordedActor, today: date
) -> tuple[Permit, ...]:
    """Return the approved corrections that a card makes, as far as it is read at a window."""
    before, after = _says(resident.card, resident.place.community), _says(read.card, community)
    return tuple(
        each
        for each in resident.permits
        if by.role == _WINDOW
        and each.is_open(today)
        and each.fits(after)
        and before.get(each.field) != after.get(each.field)
    )


def _check_same_person(
    resident: Resident, read: ReadCard, by: RecordedActor, today: date, made: Sequence[Permit]
) -> None:
    """Refuse a card under the same number that names another person, unless a correction was approved.

    Raises Conflict.
    """
    said = _says(read.card, resident.place.community)
    refuse(
        [
            correction.refusal(resident.permits, fault.field or "", said, today) or fault
            for fault in _differences(resident.card, read, by)
            if not _among(made, fault.field)
        ]
    )


def _differences(old: Card, read: ReadCard, by: RecordedActor) -> list[Refusal]:
    faults: list[Refusal] = []
    sameness = compare(old.name, read.card.name)
    if sameness == "different":
        faults.append(Conflict("registered-with-other-name", field="name"))
    if sameness == "kept-apart" and not (read.name_confirmed and by.role == _WINDOW):
        faults.append(Conflict("name-not-confirmed", field="name"))
    if old.birth_date != read.card.birth_date:
        faults.append(Conflict("registered-with-other-birth-date", field="birth_date"))
    return faults


def _steps(
    changes: Sequence[FieldChange], corrected: Collection[str], *, confirmed: bool
) -> Mapping[StepKind, tuple[FieldChange, ...]]:
    """Return the changes by what made them: the new card, a person who compared the name, an approved correction."""
    parts: dict[StepKind, tuple[FieldChange, ...]] = {}
    for change in changes:
        what: StepKind = "name-confirmed" if confirmed and change.field == "name" else "card-renewed"
        what = "corrected" if change.field in corrected else what
        parts[what] = (*parts.get(what, ()), change)
    return parts


def _is_confirmed(resident: Resident, read: ReadCard) -> bool:
    return read.name_confirmed and compare(resident.card.name, read.card.name) == "kept-apart"


def _among(made: Sequence[Permit], field: str | None) -> bool:
    return any(each.field == field for each in made)


def _says(card: Card, community: str) -> Said:
    return {**card.model_dump(mode="json"), "community": community}
