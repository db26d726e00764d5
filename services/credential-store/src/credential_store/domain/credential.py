"""A credential: all versions of one document of one holder, and where it stands."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

Value = str | bool | int | list[str]
Origin = Literal["identity", "review", "grant", "department"]
HeldBy = Literal["identity", "reviewer"]

Status = Literal["01", "02", "03", "04", "05", "06", "07", "99"]
VALID: Final = "01"
SUSPENDED: Final = "02"
WITHDRAWN: Final = "03"
CANCELLED: Final = "04"
LAPSED: Final = "05"
TRANSFERRED: Final = "06"
REVOKED: Final = "07"
OTHER: Final = "99"

Ended = Literal["03", "04", "06", "07", "99"]
"""The status codes of a credential that was ended for good (GB/T 36904): all but 07 by a person's decision."""

What = Literal["stored", "reissued", "reinstated", "suspended", "ended", "expired"]


def _to_the_millisecond(moment: datetime) -> datetime:
    """Cut to what the store keeps, so that a moment equals itself after it was stored."""
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


Moment = Annotated[datetime, AfterValidator(_to_the_millisecond)]


class CredentialModel(BaseModel):
    """A piece of a credential."""

    model_config = ConfigDict(frozen=True)


class IndexedHolder(CredentialModel):
    """Whose it is: the blind index, and the resident's id if the person was registered when it was last changed."""

    resident_id: str | None
    index: str


class Statement(CredentialModel):
    """When something was said, and as which of its publisher's messages; `key` decides between equals."""

    at: Moment
    sequence: int = 0
    key: str = ""

    def is_after(self, other: Statement) -> bool:
        """Tell whether this is the newer of two things that the same publisher said."""
        return (self.sequence, self.at, self.key) > (other.sequence, other.at, other.key)


class CredentialContent(CredentialModel):
    """What a credential says and who vouches for it. `authority` is the issuing body's name where the card bears it."""

    fields: dict[str, Value]
    origin: Origin
    application_id: str | None = None
    authority: str | None = None
    valid_from: date
    valid_until: date | None

    @property
    def voice(self) -> str:
        """Who is speaking: identity, a department's own system, or the district (what it approved or granted)."""
        return self.origin if self.origin in {"identity", "department"} else "district"


class Ending(CredentialModel):
    """How a version ended for good."""

    status: Ended
    reason: str
    at: Moment


class CredentialPlace(CredentialModel):
    """Where a version's status is published: the number of a list, and the position in it."""

    list: int
    index: int

    @property
    def id(self) -> str:
        """Both in one word."""
        return f"{self.list}/{self.index}"


class Issue(CredentialModel):
    """One version under its own identifier. What was issued is never changed, only ended.

    `place` leads to its signed form; None for what an earlier release issued and nobody has shown since.
    """

    number: int
    identifier: str
    predecessor: str | None
    content: CredentialContent
    said: Statement
    issued_at: Moment
    ended: Ending | None = None
    place: CredentialPlace | None = None


class Hold(CredentialModel):
    """A suspension, on or lifted again."""

    on: bool
    reason: str
    said: Statement


class Withdrawal(CredentialModel):
    """A department took its record back; its publications up to this sequence prove nothing."""

    sequence: int
    reason: str | None


class StatusStep(CredentialModel):
    """One entry of the history: what happened to which version, by whom, why, and the event that caused it."""

    at: Moment
    what: What
    number: int
    by: str
    reason: str | None = None
    cause: str | None = None


class Credential(CredentialModel):
    """All versions of one document of one holder; the newest counts.

    `record` tells apart what a holder can have several of. `status` and `expires_on` are what was last announced,
    `sequence` how many announcements there were. Without versions it only remembers what arrived too early:
    a suspension or a withdrawal.
    """

    id: str
    version: int = 0
    document_type: str
    record: str
    holder: IndexedHolder
    issues: tuple[Issue, ...] = ()
    holds: dict[HeldBy, Hold] = {}
    withdrawal: Withdrawal | None = None
    status: Status | None = None
    expires_on: date | None = None
    sequence: int = 0
    history: tuple[StatusStep, ...] = ()

    @property
    def current(self) -> Issue | None:
        """The newest version, or None before there is one."""
        return self.issues[-1] if self.issues else None

    @property
    def published(self) -> Issue | None:
        """The newest version that a department's own system published."""
        return next((it for it in reversed(self.issues) if it.content.voice == "department"), None)

    def issue(self, identifier: str) -> Issue | None:
        return next((issue for issue in self.issues if issue.identifier == identifier), None)
