"""A request for correction: a resident says that a value is wrong, and the department that keeps it answers.

For one field of one document there is one open request at a time; what was asked and answered is never changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_rights.domain.correctable import REGISTRATION
from data_rights.domain.record import Digest, RightsModel
from runtime.derived import derived
from runtime.errors import Conflict
from standards.field_kinds import Value

State = Literal["open", "corrected", "refused"]
Effect = Literal["reissued", "republished", "at-window"]
WindowState = Literal["open", "made", "over"]


class WrongValue(RightsModel):
    """What is said to be wrong: the document, or the credential by all its versions, the field, and what is right."""

    document_type: str
    credential_id: str | None
    identifier: str | None
    origin: str | None
    field: str
    says: Value | None
    should_say: Value
    reason: str


class CorrectionAnswer(RightsModel):
    """What the department says: `value` is right, or None: the value stays."""

    result: Literal["corrected", "refused"]
    value: Value | None
    explanation: str
    officers: tuple[str, ...]
    department: str
    at: datetime


class CorrectionWindow(RightsModel):
    """One change at a window, until the end of the day `until`; `made_at`: when the card was read there."""

    until: date
    made_at: datetime | None = None

    def state(self, today: date) -> WindowState:
        """Tell whether it can still be made."""
        if self.made_at is not None:
            return "made"
        return "open" if today <= self.until else "over"


class Correction(BaseModel):
    """A request. `holder` is the blind index of whose data it is about, `asked_by` a resident id.

    `place` names document and field; `number` counts the requests for it.
    """

    model_config = ConfigDict(frozen=True)  # what is stored also carries the computed field

    id: str
    version: int = 0
    place: str
    number: int
    holder: str
    asked_by: str
    asked_at: datetime
    department: str
    wrong: WrongValue
    is_witnessed: bool = False
    """Whether all who check its answer have heard that it was asked for; not of what earlier releases took in."""
    answer: CorrectionAnswer | None = None
    window: CorrectionWindow | None = None

    @derived
    def order(self) -> str:
        """Where it stands in a list: by when it was asked, then by id."""
        return f"{self.asked_at.isoformat()}/{self.id}"

    @property
    def state(self) -> State:
        """Where it stands."""
        return "open" if self.answer is None else self.answer.result

    @property
    def effect(self) -> Effect:
        """How a value that was wrong becomes right.

        The credential store issues the next version of what the district approved or granted; the registration, and
        the card that it was read from, change at a window; the rest is published again by whoever keeps it.
        """
        if self.wrong.document_type == REGISTRATION or self.wrong.origin == "identity":
            return "at-window"
        return "reissued" if self.wrong.origin in {"review", "grant"} else "republished"

    def answered(self, answer: CorrectionAnswer, until: date) -> Correction:
        """Take over the answer; the first one stays. What changes at a window can be changed there `until` then."""
        if self.answer is not None:
            return self
        opens = answer.result == "corrected" and self.effect == "at-window"
        return self.model_copy(update={"answer": answer, "window": CorrectionWindow(until=until) if opens else None})

    def made(self, at: datetime) -> Correction:
        """Note that it was made at a window; the very same when that is known, or was never allowed."""
        if self.window is None or self.window.made_at is not None:
            return self
        return self.model_copy(update={"window": self.window.model_copy(update={"made_at": at})})


def places_of(holder: str, wrong: WrongValue, digest: Digest) -> tuple[str, str]:
    """Return the name of the field that is said to be wrong, and the one that an earlier release gave it."""
    subject = "\n".join((holder, wrong.document_type, wrong.credential_id or "", wrong.field)).encode()
    return digest(subject)[:26], sha256(subject).hexdigest()[:26]


def ask(
    known: Sequence[Correction], place: str, holder: str, wrong: WrongValue, department: str, by: str, at: datetime
) -> Correction:
    """Ask for a correction; `known` are those for the same place. Raises Conflict while one of them is open.

    The id follows from the place and the count, so that of two requests at the same moment one is refused.
    """
    if any(each.state == "open" for each in known):
        raise Conflict("correction-asked-already")
    number = 1 + max((each.number for each in known), default=0)
    return Correction(
        id=f"cor_{place}_{number:03d}",
        place=place,
        number=number,
        holder=holder,
        asked_by=by,
        asked_at=at,
        department=department,
        wrong=wrong,
        is_witnessed=True,
    )
