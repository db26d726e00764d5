"""The events that identity owns: who a person is, by in-person check."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bus.event import PERSONAL, Event
from privacy import access_log, erasure, exports
from web.signed_requests import MaybeSigned

ResidentId = Annotated[str, Field(description="The resident, by the opaque id that identity gave")]
HolderIndex = Annotated[
    str,
    Field(description="Blind index of the identity number, by which records are joined", json_schema_extra=PERSONAL),
]
Name = Annotated[str, Field(description="The name on the card", json_schema_extra=PERSONAL)]
BirthDate = Annotated[date, Field(description="The date of birth on the card", json_schema_extra=PERSONAL)]
Address = Annotated[str, Field(description="Where the resident lives", json_schema_extra=PERSONAL)]
Authority = Annotated[str, Field(description="The authority that issued the card", json_schema_extra=PERSONAL)]
CardFrom = Annotated[date, Field(description="The card's first day of validity")]
CardUntil = Annotated[date | None, Field(description="The card's last day of validity; null: no end")]
Community = Annotated[str, Field(description="Code of the community of the address, by which work at doors is routed")]
Why = Annotated[str, Field(description="Why, as the clerk wrote it", json_schema_extra=PERSONAL)]
Sequence = Annotated[int, Field(description="Counts up with every change of the resident; only the newest counts")]
GuardianshipId = Annotated[str, Field(description="The guardianship; its end repeats it")]
GuardianId = Annotated[str, Field(description="Resident id of the one who may act")]
ChildId = Annotated[str, Field(description="Resident id of the one who is acted for")]
GuardianshipSequence = Annotated[
    int, Field(description="Counts up with every change of the guardianship; only the newest counts")
]


class IdRegistered(Event):
    """A person was registered in person with the original card. `holder_index` is the blind index of the number."""

    type: ClassVar[str] = "identity.id-registered.v1"
    resident_id: ResidentId
    holder_index: HolderIndex
    id_kind: Annotated[
        Literal["citizen", "hk-macau-taiwan", "foreign"],
        Field(description="Which kind of identity document was read", json_schema_extra=PERSONAL),
    ]
    name: Name
    sex: Annotated[Literal["male", "female"], Field(description="As on the card", json_schema_extra=PERSONAL)]
    birth_date: BirthDate
    nationality_group: Annotated[str, Field(description="The ethnic group on the card", json_schema_extra=PERSONAL)]
    address: Address
    issuing_authority: Authority
    valid_from: CardFrom
    valid_until: CardUntil
    community: Community
    channel: Annotated[
        Literal["window", "terminal"], Field(description="Where: at a window or a self-service terminal")
    ]
    registered_at: Annotated[datetime, Field(description="When the card was read")]
    sequence: Sequence


class IdUpdated(Event):
    """A renewed card was read, or the person moved: new validity, address, community.

    `sequence` counts up with every change of the resident.
    """

    type: ClassVar[str] = "identity.id-updated.v1"
    resident_id: ResidentId
    holder_index: HolderIndex
    name: Name
    birth_date: BirthDate
    address: Address
    issuing_authority: Authority
    valid_from: CardFrom
    valid_until: CardUntil
    community: Community
    sequence: Sequence


PresenceId = Annotated[str, Field(description="The visit; its end repeats it")]


class PresenceBegun(Event):
    """A registered person stands at a window or a terminal: the original card was read and is theirs.

    Until the visit ends, who read the card may apply in the person's name.
    """

    type: ClassVar[str] = "identity.presence-begun.v1"
    presence_id: PresenceId
    resident_id: ResidentId
    holder_index: HolderIndex
    by: Annotated[access_log.By, Field(description="Who read the card: a clerk's account or a terminal")]
    channel: Annotated[
        Literal["window", "terminal"], Field(description="Where: at a window or a self-service terminal")
    ]
    communities: Annotated[tuple[str, ...], Field(description="Communities that who read it works for; may be none")]
    begun_at: Annotated[datetime, Field(description="When the card was read")]
    ends_at: Annotated[datetime, Field(description="When the visit ends unless it is ended before")]


class PresenceEnded(Event):
    """The visit is over: it was ended, or the next person's card was read."""

    type: ClassVar[str] = "identity.presence-ended.v1"
    presence_id: PresenceId
    resident_id: ResidentId
    ended_at: Annotated[datetime, Field(description="When")]


class RegistrationCorrected(Event):
    """A correction that the department had approved was made at a window, with the original card."""

    type: ClassVar[str] = "identity.registration-corrected.v1"
    correction_id: Annotated[str, Field(description="The correction, as data-rights named it")]
    resident_id: ResidentId
    holder_index: HolderIndex
    field: Annotated[str, Field(description="The field of the registration")]
    corrected_at: Annotated[datetime, Field(description="When the card was read")]
    sequence: Sequence


class IdSuspended(Event):
    """The resident may not apply and is not matched until reinstated."""

    type: ClassVar[str] = "identity.id-suspended.v1"
    resident_id: ResidentId
    holder_index: HolderIndex
    reason: Why
    sequence: Sequence
    signed_request: MaybeSigned = None


class IdReinstated(Event):
    """A suspension was lifted."""

    type: ClassVar[str] = "identity.id-reinstated.v1"
    resident_id: ResidentId
    holder_index: HolderIndex
    reason: Why
    sequence: Sequence
    signed_request: MaybeSigned = None


class GuardianshipRegistered(Event):
    """`guardian_id` may act for `child_id` (both resident ids)."""

    type: ClassVar[str] = "identity.guardianship-registered.v1"
    guardianship_id: GuardianshipId
    guardian_id: GuardianId
    child_id: ChildId
    relation: Annotated[Literal["mother", "father", "guardian"], Field(description="What the guardian is to the child")]
    sequence: GuardianshipSequence
    signed_request: MaybeSigned = None


class GuardianshipEnded(Event):
    """The guardian may no longer act for the child."""

    type: ClassVar[str] = "identity.guardianship-ended.v1"
    guardianship_id: GuardianshipId
    guardian_id: GuardianId
    child_id: ChildId
    reason: Why
    sequence: GuardianshipSequence
    signed_request: MaybeSigned = None


class DataAccessed(access_log.DataAccessed):
    """A clerk, a terminal or a guardian saw a resident's registration, or searched for it by number."""

    type: ClassVar[str] = "identity.data-accessed.v1"


class DataExported(exports.DataExported):
    """What identity holds of a resident: the registration, its history, guardianships."""

    type: ClassVar[str] = "identity.data-exported.v1"


class DataErased(erasure.DataErased):
    """What identity has erased of what it held of a resident, and what stays."""

    type: ClassVar[str] = "identity.data-erased.v1"


class ErasurePreviewed(erasure.ErasurePreviewed):
    """What identity would erase of a resident, and what would stay."""

    type: ClassVar[str] = "identity.erasure-previewed.v1"
