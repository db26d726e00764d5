"""What every service says when somebody looks at or uses a resident's data, so that the resident can read who did.

A use case declares it in its outcome (`Outcome.accesses`): it is committed, or the look is not answered. A service
names the subclass that it publishes, `<service>.data-accessed.v1`; data-rights hears all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field

from bus.event import PERSONAL, Event
from web.auth import Principal, Role

How = Literal["viewed", "queried", "tried", "worked-on", "opened", "unmasked", "exported", "corrected", "erased"]
"""viewed: shown; queried: searched for by number or identifier; tried: a dry run; worked-on: a task that is somebody's
work; opened: a scan; unmasked: an operator read a message in clear; exported, corrected, erased: on the resident's
own request."""

What = Literal[
    "registration", "wards", "history", "credential", "evidence", "application", "task", "scan", "message", "everything"
]
"""What was looked at: a part of what a service keeps of a resident."""

HOWS: tuple[How, ...] = get_args(How)
WHATS: tuple[What, ...] = get_args(What)
SYSTEM = "system"
"""The role of what happens without a person."""
SELF = "self"
"""The role, and all that needs to be told, of somebody who looks at what government holds of them."""
SECOND_PARTY = "second-party"
"""The role, and all that is told of it, of whoever an applicant named and who has not confirmed yet."""


class Part(BaseModel):
    """A piece of the event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Holder(Part):
    """Whose data it is. At least one of the two is known."""

    resident_id: Annotated[str | None, Field(description="The resident; null: not registered, as far as is known")]
    index: Annotated[
        str | None,
        Field(description="Blind index of the identity number; null: not known there", json_schema_extra=PERSONAL),
    ]


class By(Part):
    """Who it was: a person's account, a department's system, or the service itself (role `system`)."""

    subject: Annotated[str, Field(description="The account: staff number, resident id, device, system, `second-party`")]
    role: Annotated[
        str, Field(description="Such as reviewer; `system`: without a person; `second-party`: named, not confirmed yet")
    ]
    departments: Annotated[list[str], Field(description="Codes of the departments it acts for, sorted")]

    @classmethod
    def of(cls, principal: Principal) -> By:
        """Return the caller of a route."""
        return cls(subject=principal.subject, role=principal.role, departments=sorted(principal.departments))


BY_THEMSELVES = By(subject=SELF, role=SELF, departments=[])
"""The person looked at what is held of them: recorded where it is more than they gave themselves."""


class Document(Part):
    """A document that was looked at or asked for."""

    document_type: Annotated[str, Field(description="A code of the list of document types")]
    identifier: Annotated[
        str | None, Field(description="The electronic credential identifier; null: no credential, or none was found")
    ] = None


class DataAccessed(Event):
    """Somebody looked at or used a resident's data: who, how, which documents, for which application, what for."""

    holder: Annotated[Holder, Field(description="Whose data it is")]
    by: Annotated[By, Field(description="Who it was")]
    how: Annotated[How, Field(description="What was done")]
    what: Annotated[What, Field(description="What it was done with")]
    documents: Annotated[list[Document], Field(description="The documents that were seen or asked for; may be none")]
    application_id: Annotated[str | None, Field(description="The application that it was for; null: none")] = None
    item: Annotated[str | None, Field(description="Code of that application's service item; null: not known")] = None
    purpose: Annotated[
        str | None,
        Field(
            description="What for, as it was stated; null: it is the work on the application",
            json_schema_extra=PERSONAL,
        ),
    ] = None
    at: Annotated[datetime, Field(description="When")]

    @classmethod
    def of(  # noqa: PLR0913 - all that the record says
        cls,
        holders: Iterable[Holder],
        by: By,
        at: datetime,
        *,
        how: How,
        what: What,
        documents: Iterable[Document | str] = (),
        application_id: str | None = None,
        item: str | None = None,
        purpose: str | None = None,
    ) -> list[Self]:
        """Return one event for each holder; none for residents who look at nothing but their own.

        Of `documents` that are types, each counts once.
        """
        seen = [Document(document_type=it) if isinstance(it, str) else it for it in dict.fromkeys(documents)]
        return [
            cls(
                holder=holder,
                by=by,
                how=how,
                what=what,
                documents=seen,
                application_id=application_id,
                item=item,
                purpose=(purpose or "").strip() or None,
                at=at,
            )
            for holder in {each.resident_id or each.index: each for each in holders}.values()
            if by.role != Role.RESIDENT or by.subject != holder.resident_id
        ]


def is_own(principal: Principal, resident_id: str | None) -> bool:
    """Tell whether somebody looks at nothing but their own data: that is not recorded."""
    return principal.role is Role.RESIDENT and principal.subject == resident_id
