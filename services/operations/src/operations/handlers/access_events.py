"""Telling that an operator read messages in clear, so that whoever they are about can read it (data-rights)."""

from __future__ import annotations

from collections.abc import Iterable

from bus.event import Event
from operations.domain.concerned import application_of, concerned
from operations.events import DataAccessed
from operations.handlers.dependencies import Deps
from privacy import access_log
from web.auth import Role


def unmasked(data: Iterable[object], by: str, reason: str, deps: Deps) -> list[Event]:
    """Return the events that say so, one for each person whom the data of these messages is about."""
    people = {person: application_of(each) for each in data for person in concerned(each)}
    at = deps.clock()
    return [
        DataAccessed(
            holder=access_log.Holder(resident_id=person.resident_id, index=person.index),
            by=access_log.By(subject=by, role=Role.OPERATOR, departments=[]),
            how="unmasked",
            what="message",
            documents=[],
            application_id=application_id,
            purpose=reason,
            at=at,
        )
        for person, application_id in people.items()
    ]
