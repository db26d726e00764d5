"""A resident: registered once in person, renewed with each new card, suspended and reinstated."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Literal

from pydantic import Field

from identity.domain import card as cards
from identity.domain.card import Card
from identity.domain.record import Actor, Change, Record, Step, refuse
from runtime.refusal import Clash, Refusal
from standards.identity_number import Kind
from standards.names import same_name

Channel = Literal["window", "terminal"]


class Place(Record):
    """Where a person was registered: the channel, and the community that the person lives in."""

    channel: Channel
    community: str


class Suspension(Record):
    """Why, since when (UTC) and by whom a resident is suspended."""

    reason: str
    since: datetime
    by: Actor


class Resident(Record):
    """A registered person. `holder_index` is the blind index of the number."""

    id: str
    version: int = 0
    holder_index: str
    number: str = Field(repr=False)
    id_kind: Kind
    card: Card
    place: Place
    registered_at: datetime
    suspension: Suspension | None = None
    history: tuple[Step, ...]


def resident_id(holder_index: str) -> str:
    """Return the id of whoever has that index: the same whenever and wherever it is registered, so never two."""
    return "res_" + sha256(f"resident {holder_index}".encode()).hexdigest()[:26]


def check_place(place: Place, communities: frozenset[str]) -> list[Refusal]:
    """Return a fault when the district has no such community."""
    if place.community in communities:
        return []
    return [Refusal("unknown-community", field="community", community=place.community)]


def register(
    *, holder_index: str, number: str, id_kind: Kind, card: Card, place: Place, by: Actor, at: datetime
) -> Resident:
    """Make a resident of a person whose card has been checked."""
    return Resident(
        id=resident_id(holder_index),
        holder_index=holder_index,
        number=number,
        id_kind=id_kind,
        card=card,
        place=place,
        registered_at=at,
        history=(Step(what="registered", by=by, at=at),),
    )


def check_same_person(resident: Resident, card: Card) -> None:
    """Refuse a card under the same number that names somebody else, field by field."""
    faults: list[Refusal] = []
    if not same_name(resident.card.name, card.name):
        faults.append(Clash("registered-with-other-name", field="name"))
    if resident.card.birth_date != card.birth_date:
        faults.append(Clash("registered-with-other-birth-date", field="birth_date"))
    refuse(faults)


def is_newer(resident: Resident, card: Card) -> bool:
    """Tell whether a card was issued after the one on record."""
    return card.valid_from > resident.card.valid_from


def renew(resident: Resident, card: Card, community: str, by: Actor, at: datetime) -> Resident:
    """Take over a new card, or a move to another community; the very same resident when nothing is new.

    Raises Clash for another person's card and for one that is older than the one on record.
    """
    check_same_person(resident, card)
    if card.valid_from < resident.card.valid_from:
        raise Clash("card-older", field="valid_from", date=resident.card.valid_from.isoformat())
    changes = cards.changes(resident.card, card)
    if community != resident.place.community:
        changes += (Change(field="community", before=resident.place.community, after=community),)
    if not changes:
        return resident
    place = resident.place.model_copy(update={"community": community})
    step = Step(what="card-renewed", by=by, at=at, changes=changes)
    return resident.model_copy(update={"card": card, "place": place, "history": (*resident.history, step)})


def suspend(resident: Resident, reason: str, by: Actor, at: datetime) -> Resident:
    """Suspend: no applications, no matches until reinstated. Raises Clash when it is suspended already."""
    if resident.suspension is not None:
        raise Clash("already-suspended")
    step = Step(what="suspended", by=by, at=at, reason=reason)
    suspension = Suspension(reason=reason, since=at, by=by)
    return resident.model_copy(update={"suspension": suspension, "history": (*resident.history, step)})


def reinstate(resident: Resident, reason: str, by: Actor, at: datetime) -> Resident:
    """Lift the suspension. Raises Clash when there is none."""
    if resident.suspension is None:
        raise Clash("not-suspended")
    step = Step(what="reinstated", by=by, at=at, reason=reason)
    return resident.model_copy(update={"suspension": None, "history": (*resident.history, step)})
