"""The events that identity owns: who a person is, by in-person check."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from messaging.event import Event, PersonalStr


class IdRegistered(Event):
    """A person was registered in person with the original card. `holder_index` is the blind index of the number."""

    type: ClassVar[str] = "identity.id-registered.v1"
    resident_id: str
    holder_index: str
    id_kind: Literal["citizen", "hk-macau-taiwan", "foreign"]
    name: PersonalStr
    sex: Literal["male", "female"]
    birth_date: date
    nationality_group: str
    address: PersonalStr
    issuing_authority: str
    valid_from: date
    valid_until: date | None
    community: str
    channel: Literal["window", "terminal"]
    registered_at: datetime
    sequence: int


class IdUpdated(Event):
    """A renewed card was read, or the person moved: new validity, address, community.

    `sequence` counts up with every change of the resident.
    """

    type: ClassVar[str] = "identity.id-updated.v1"
    resident_id: str
    holder_index: str
    name: PersonalStr
    birth_date: date
    address: PersonalStr
    issuing_authority: str
    valid_from: date
    valid_until: date | None
    community: str
    sequence: int


class IdSuspended(Event):
    """The resident may not apply and is not matched until reinstated."""

    type: ClassVar[str] = "identity.id-suspended.v1"
    resident_id: str
    holder_index: str
    reason: str
    sequence: int


class IdReinstated(Event):
    """A suspension was lifted."""

    type: ClassVar[str] = "identity.id-reinstated.v1"
    resident_id: str
    holder_index: str
    reason: str
    sequence: int


class GuardianshipRegistered(Event):
    """`guardian_id` may act for `child_id` (both resident ids)."""

    type: ClassVar[str] = "identity.guardianship-registered.v1"
    guardianship_id: str
    guardian_id: str
    child_id: str
    relation: Literal["mother", "father", "guardian"]
    sequence: int


class GuardianshipEnded(Event):
    """The guardian may no longer act for the child."""

    type: ClassVar[str] = "identity.guardianship-ended.v1"
    guardianship_id: str
    guardian_id: str
    child_id: str
    reason: str
    sequence: int
