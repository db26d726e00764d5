"""Telling that an operator read messages in clear, so that whoever they are about can read it (data-rights)."""

from __future__ import annotations

from collections.abc import Iterable

from operations.domain.concerned import application_of, concerned
from operations.events import DataAccessed
from operations.handlers.dependencies import Deps
from privacy.access_log import By, Holder
from web.auth import Role


def unmasked(data: Iterable[object], by: str, reason: str, deps: Deps) -> list[DataAccessed]:
    """Return the events that say so, one for each person whom the data of these messages is about."""
    people = {person: application_of(each) for each in data for person in concerned(each)}
    operator, at = By(subject=by, role=Role.OPERATOR, departments=[]), deps.clock()
    return [
        event
        for person, application_id in people.items()
        for event in DataAccessed.of(
            [Holder(resident_id=person.resident_id, index=person.index)],
            operator,
            at,
            how="unmasked",
            what="message",
            application_id=application_id,
            purpose=reason,
        )
    ]
